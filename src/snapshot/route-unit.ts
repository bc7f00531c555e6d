import type { Router } from "../table/router.ts";
import { canonicalJson, utf8Length } from "./canonical-json.ts";

/** One named entry of a leaf's record, already written: `"name":{...}`. */
export interface Fragment {
  readonly name: string;
  readonly text: string;
  /** UTF-8 bytes of `text`. */
  readonly bytes: number;
}

/** A router with everything that a leaf must hold beside it. Equal fragments are the same object. */
export interface RouteUnit {
  readonly router: Router;
  readonly text: string;
  /** UTF-8 bytes of `text`. */
  readonly bytes: number;
  readonly services: readonly Fragment[];
  readonly middlewares: readonly Fragment[];
}

/** @returns the written form of a record's entry */
export function toFragment(name: string, value: unknown): Fragment {
  const text = `${JSON.stringify(name)}:${canonicalJson(value)}`;
  return { name, text, bytes: utf8Length(text) };
}
