import type { Pointer } from "../table/snapshot.ts";

/** The value of `POINTER_HEADER`: the publisher's name last, since it may hold dots. */
export const encodePointer = ({ epoch, generation, root, publisher }: Pointer): string =>
  `${epoch}.${generation}.${root}.${encodeURIComponent(publisher)}`;

/** Reads what `encodePointer` makes; undefined for anything else. Never throws. */
export function decodePointer(value: string): Pointer | undefined {
  const [, epoch, generation, root, name] = /^(\d{1,15})\.(\d{1,15})\.([\w-]+)\.(.+)$/.exec(value) ?? [];
  if (root === undefined || name === undefined) return undefined;
  try {
    return { epoch: Number(epoch), generation: Number(generation), root, publisher: decodeURIComponent(name) };
  } catch {
    return undefined;
  }
}
