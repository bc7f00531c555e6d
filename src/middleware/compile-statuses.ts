import { invalid } from "./middleware-error.ts";

/** Compiles `404` and `500-599` to a test of statuses. Throws `MiddlewareError` for anything else. */
export function compileStatuses(texts: readonly string[]): (status: number) => boolean {
  const ranges = texts.map((text) => {
    const [, from, to = from] = /^(\d{3})(?:-(\d{3}))?$/.exec(text) ?? [];
    if (from === undefined || to === undefined)
      throw invalid(`${JSON.stringify(text)} is no status and no range of them`);
    return [Number(from), Number(to)] as const;
  });
  return (status) => ranges.some(([from, to]) => status >= from && status <= to);
}
