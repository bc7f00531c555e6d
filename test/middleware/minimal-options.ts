import type { MiddlewareOptions, MiddlewareType } from "../../src/table/middleware.ts";

/** The least that each type can be built from. A type that is added needs its line here. */
export const minimalOptions: { readonly [T in MiddlewareType]: MiddlewareOptions<T> } = {
  addPrefix: { type: "addPrefix", prefix: "/p" },
  basicAuth: { type: "basicAuth", users: "sealed", realm: "traefik", removeHeader: false },
  chain: { type: "chain", middlewares: [] },
  contentType: { type: "contentType", autoDetect: true },
  digestAuth: { type: "digestAuth", users: "sealed", realm: "traefik", removeHeader: false },
  headerModifier: { type: "headerModifier", on: "response", set: [{ name: "X-A", value: "1" }] },
  headers: { type: "headers", customResponseHeaders: { "X-A": "1" } },
  ipAllowList: { type: "ipAllowList", sourceRange: ["192.0.2.0/24"], rejectStatusCode: 403 },
  redirectRegex: { type: "redirectRegex", regex: "^https://never", replacement: "/", permanent: false },
  redirectScheme: { type: "redirectScheme", scheme: "https", permanent: false },
  replacePath: { type: "replacePath", path: "/p" },
  replacePathRegex: { type: "replacePathRegex", regex: ".*", replacement: "/p" },
  requestRedirect: { type: "requestRedirect", statusCode: 302 },
  stripPrefix: { type: "stripPrefix", prefixes: ["/a"] },
  stripPrefixRegex: { type: "stripPrefixRegex", regex: ["/a"] },
  urlRewrite: { type: "urlRewrite" },
};
