import { MAX_FORWARDED_BODY } from "../../src/middleware/forward-auth.ts";
import { MAX_BCRYPT_COST } from "../../src/password/password-hash.ts";
import { middlewareSchema } from "../../src/table/middleware.ts";
import { middlewareSpecs, middlewareTypes } from "../../sync-agent/translate/traefik/middleware-types.ts";
import { fieldRows } from "./describe-schema.ts";
import { code, page, tableSection } from "./page.ts";

/** What the translation fills in when a manifest leaves it out, or reads by itself. */
const notes: Readonly<Record<string, string>> = {
  "redirectScheme.permanent": "true or false (false)",
  "redirectRegex.permanent": "true or false (false)",
  "contentType.autoDetect": "true or false (true)",
  "ipAllowList.rejectStatusCode": "a status (403)",
  "inFlightReq.amount": "a whole number from 1",
  "circuitBreaker.expression": "an expression, as below",
  "circuitBreaker.checkPeriod": "a duration, or a number of seconds (100ms)",
  "circuitBreaker.fallbackDuration": "a duration, or a number of seconds (10s)",
  "circuitBreaker.recoveryDuration": "a duration, or a number of seconds (10s)",
  "circuitBreaker.responseCode": "a status (503)",
  "retry.attempts": "a whole number from 1 to 100: how often a request is sent in all",
  "retry.initialInterval": "a duration, or a number of seconds (0: no pauses)",
  "retry.timeout": "a duration, or a number of seconds (0: no limit)",
  "retry.status": "a list of statuses and ranges of them (none)",
  "retry.maxRequestBodyBytes": "a whole number (2097152); -1 is as many as are held at all, 16 MiB",
  "forwardAuth.tls.caOptional": "not used",
  "rateLimit.average": "a whole number (0: no limit)",
  "rateLimit.period": "a duration, or a number of seconds (1s)",
  "rateLimit.burst": "a whole number (1)",
  "rateLimit.redis": "not used",
  "errors.service": "a service, as in a route's [`services`](kinds.md)",
  "chain.middlewares": "a list of references: `name`, and `namespace` where that is allowed",
};

const basicSecret = "The Secret has one key, or `users`, with a line for each user as `htpasswd` writes it";

/** What goes for all that the gateway enforces. */
const atGateway =
  "Done by the [origin gateway](last-hop.md#what-the-gateway-enforces), for each route and each relay by itself.";

/** What is to be known of a type besides its fields. */
const remarks: Readonly<Record<string, string>> = {
  ipAllowList:
    "Also under its older name `ipWhiteList`. `X-Forwarded-For` counts only where the entry point trusts who sent it; a client whose address cannot be told is refused.",
  basicAuth: `${basicSecret}: bcrypt (\`htpasswd -B\`, up to the cost ${MAX_BCRYPT_COST}: each step doubles the CPU time that anybody's try takes of the edge; 5 is htpasswd's own), MD5-crypt (\`$apr1$\`, \`$1$\`) or \`{SHA}\`. Or it is of the type kubernetes.io/basic-auth: then a hash of its password (PBKDF2) is published, never the password. What is published is sealed (\`SEAL_KEY\`). A password is judged once in each isolate and remembered; an unknown user takes as long as a known one.`,
  forwardAuth: `The server is asked the way that services are: a Service of the cluster, by its DNS name, through the gateway; a public host by the edge itself, or through the gateway where \`tls\` demands something; other names (\`.internal\`, \`.local\`) through the gateway; an IP address not at all. By TLS, the gateway asks for a certificate of the address's host, from an authority that \`tls.caSecret\` has (\`tls.ca\` or \`ca.crt\`; else from one that everybody knows), and shows the one of \`tls.certSecret\` (\`tls.crt\`, \`tls.key\`); \`tls.insecureSkipVerify\` takes any. A Secret that cannot be used closes the route. A server has half a minute to answer, as in Traefik, whoever asks it; then the client gets 500.

A 401 of the server becomes a redirect (302) to \`authSigninURL\`, with nothing else of the answer, for every method and for scripts as well; as in Traefik the URL is sent as it is written, without the one that was asked for, and a path leads to the host that was asked. What the server says in the header \`headerField\` is \`ClientUsername\` in the access log. What the client sends under a name of \`authResponseHeaders\` is removed, with underscores too; headers about the connection and the body's length are never copied. Differs: bodies are forwarded up to ${MAX_FORWARDED_BODY / 1024 ** 2} MiB (above: 401), never with GET and HEAD; with \`trustForwardHeader\` what a client forwards counts only where the entry point trusts it.`,
  jwt: "Sluice's own: requests need a bearer token that is verified by an issuer's key set (`jwksUrl`; asked like the server of `forwardAuth`, kept for ten minutes, for an hour while the issuer is away) or by the key in `secret` (a shared secret of 32 bytes or more, a public key, or a JSON Web Key Set; published sealed with `SEAL_KEY`, and of key pairs the public part alone). `requiredClaims` has claims by name or path (`realm_access.roles`), each with the values of which the token must have one; `forwardClaims` has headers for the service, each with the claim that it tells. 401 without a good token, 403 without the claims, 503 while no key can be had. Where Traefik's CustomResourceDefinitions are installed, the API server drops a field of this name: write `plugin: { jwt: { ... } }`.",
  rateLimit:
    "Counted over all of the edge by a Durable Object for each source (`RATE_LIMITER`), one for one when a bucket is half empty or emptier (for limits of 200 a second and more in portions of what comes back in ten milliseconds). Above that an isolate that needs more is given tokens ahead, so that not every request costs a way to the object; they are good for as long as a quarter of the burst takes to come back, a second at most. So in any time a source passes at most `burst`, what comes back in that time, and a quarter of `burst` more (give or take what comes back while an answer of the object is on its way). A burst below 4 gives nothing ahead: each request that passes asks the object, one that is refused seldom does: an isolate that is refused again and again asks less and less often, down to once a second, so that a flood does not reach the object. When the object does not answer in half a second, each isolate counts by itself until it does again (the counter `rate-limiter-unavailable` of the admin API and a line in the log say so), and so it does without the binding. An object that dies, as in a deploy, forgets what it counted in its last second; buckets that fill up within ten seconds live in memory alone. A relay counts calls of gRPC by itself, each of its processes for itself. As in Traefik, a request that comes at most half a token too early waits for it (half a second at most), requests without the header that is asked for are one source, every address of IPv6 is a source of its own unless `ipv6Subnet` (64, say) makes networks of them, and 429 comes with `Retry-After` and `X-Retry-In`. Differs: routes that name one Middleware are counted together, which Traefik does with Redis only; a host is one source however it is written; `X-Forwarded-*` as the header counts only from whom the entry point trusts, and `X-Real-Ip` is the client's address; `redis` has no effect, and a problem says so.",
  inFlightReq: `${atGateway} A request counts until its answer has been sent, a WebSocket until it ends. Beyond \`amount\` the answer is 429. The source is the request's host unless \`sourceCriterion\` says otherwise.`,
  circuitBreaker: `${atGateway}

An expression compares measures with numbers (\`<\`, \`<=\`, \`>\`, \`>=\`, \`==\`, \`!=\`) and joins them by \`&&\`, \`||\`, \`!\` and parentheses: \`NetworkErrorRatio()\`, the share of 502 and 504, and \`ResponseCodeRatio(500, 600, 0, 600)\`, statuses from 500 to below 600 in proportion to those from 0 to below 600, both of ten seconds; \`LatencyAtQuantileMS(50.0)\`, of a minute. When it holds, all requests get \`responseCode\` for \`fallbackDuration\`; then ever more of them pass for \`recoveryDuration\`, up to half. Differs: a latency ends where the answer begins, since a body takes as long as its client does; answers to requests from before the breaker opened count no more.`,
  retry: `${atGateway} Without \`status\` only what reached no Pod is sent again, whatever its method: each time that counts is one on which every endpoint refused the connection. With \`status\` such answers are as well, and failures of the gateway's own (502, 504), but not to POST, PATCH and LOCK unless \`retryNonIdempotentMethod\` is set. Another endpoint comes first while there is one that takes connections, also for a session, which then goes along. A body is sent on while it comes and kept for the next time; one that is longer than \`maxRequestBodyBytes\` is sent once, as is one for which the 256 MiB have no room that all bodies share. Pauses grow from \`initialInterval\` to twice that, each up to half longer or shorter. Of several \`retry\` on a route the innermost counts.`,
  grpcWeb:
    "Which pages may call: their preflights are answered, and they may read the answers' headers. gRPC-Web becomes gRPC at the gateway with this middleware or without ([gRPC](grpc.md)). Differs: `*` lets every page call, but none with its visitors' cookies; an origin that is named may use them.",
  errors:
    "The page is asked for by GET, with the client's headers but those of its body and its connection. `{url}` is the whole URL that the client asked for, whatever the middlewares behind made of it. Differs: an answer whose page cannot be had stays as it is, and Traefik's `{url}` is path and query alone.",
  buffering:
    "Bodies pass through and are not held: a request that says that it is too long gets 413 at once, one that turns out to be when it does; an answer that says so becomes 500, one that turns out to be too long is cut. `memRequestBodyBytes`, `memResponseBodyBytes` and `retryExpression` have no effect, and a problem says so.",
  passTLSClientCert:
    "From what Cloudflare tells of the certificate. Differs: a certificate that Cloudflare could not verify, or that was revoked, is not passed on; `info` is that of the client's own certificate and not of those that signed it; a certificate of more than 10 KB is described without its names.",
  digestAuth:
    "The Secret has one key, or `users`, with a line for each user as `htdigest` writes it; only those of the realm count. What is published is sealed (`SEAL_KEY`). MD5 and the quality `auth`, as in Traefik. Differs: a nonce is good for five minutes in every isolate, and how often it was used is not counted.",
};

function notesOf(type: string): Record<string, string> {
  const own = Object.entries(notes).filter(([path]) => path.startsWith(`${type}.`));
  return Object.fromEntries(own.map(([path, note]) => [path.slice(type.length + 1), note]));
}

export function middlewaresPage(): string {
  const ofTraefik = new Set([...Object.keys(middlewareTypes), "chain"]);
  const sections = middlewareSchema.def.options.flatMap((option) => {
    const type = option.def.shape.type.def.values[0];
    if (type === undefined || !ofTraefik.has(type)) return [];
    const rows = fieldRows(middlewareSpecs[type] ?? option, { inner: {}, notes: notesOf(type) })
      .filter(({ path }) => path !== "type")
      .map(({ path, form }) => [code(path), form]);
    const section = tableSection(type, ["field", "value"], rows);
    return [remarks[type] === undefined ? section : `${section}\n${remarks[type]}\n`];
  });
  return page(
    "Middlewares",
    "The types of Traefik's `Middleware` that the edge runs, with the fields of each. How they behave is [Traefik's](https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/overview/). Differences: what a redirect of an entry point or a `redirectScheme` takes for the scheme of a request is what the client used with Cloudflare, unless the entry point trusts the client's `X-Forwarded-Proto`; regular expressions run in linear time (RE2).",
    [
      ...sections,
      "## compress\n\nCloudflare compresses answers by itself, by what the client accepts and by the zone's Compression Rules. The middleware stands for nothing; a problem says so, and the route is served.\n",
    ],
  );
}
