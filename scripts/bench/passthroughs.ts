/** What a hop header looks like, as long as those of the routes that are measured. */
const HOP = [
  "1",
  `${"e".repeat(40)}.${"c".repeat(85)}.${"s".repeat(86)}`,
  "default-shop-1234-80 http 80 127.0.0.1 - - 1 shop-246.example.com",
].join(" ");

const worker = (fetch: string): string => `const HOP = ${JSON.stringify(HOP)};\nexport default { fetch: ${fetch} };`;

/**
 * Workers that pass every request on and decide nothing: the barest, and those that come one step nearer to what Sluice
 * must do whatever it decides. What lies between two of them is what that step costs in the runtime.
 */
export const passthroughs = {
  bare: worker("(request, env) => env.ORIGIN.fetch(request)"),
  /** To the gateway's address, not following redirects. */
  address: worker(
    "(request, env) => env.ORIGIN.fetch(new Request('http://gateway.internal/area-1/items/1?page=2', request), { redirect: 'manual' })",
  ),
  /** The same with the one header. */
  hop: worker(`(request, env) => {
    const sent = new Request("http://gateway.internal/area-1/items/1?page=2", request);
    sent.headers.set("sluice-hop", HOP);
    return env.ORIGIN.fetch(sent, { redirect: "manual" });
  }`),
} as const;
