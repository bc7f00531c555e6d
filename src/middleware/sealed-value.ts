import type { MiddlewareRuntime } from "./runtime.ts";

/**
 * What a sealed text says, read when it is first asked for and kept. Undefined when it cannot be opened or read, which
 * is reported once. Requests that meet before it is known each open it themselves: none may wait for another's promise.
 */
export function createSealedValue<T>(
  sealed: string,
  { unseal, report }: MiddlewareRuntime,
  read: (text: string) => T,
): () => Promise<T | undefined> {
  let known: { value: T | undefined } | undefined;
  return async () => {
    if (known !== undefined) return known.value;
    try {
      const value = read(await unseal(sealed));
      known = { value };
      return value;
    } catch (error) {
      if (known === undefined) report({ event: "secret-unreadable", reason: String(error) });
      known ??= { value: undefined };
      return known.value;
    }
  };
}
