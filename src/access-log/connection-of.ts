import type { AccessStart } from "./log-exchange.ts";

/** What Cloudflare says of a connection, where it says something. */
interface ConnectionFacts {
  httpProtocol?: unknown;
  tlsVersion?: unknown;
  tlsCipher?: unknown;
  tlsClientAuth?: { certSubjectDN?: unknown };
}

/** The protocol of a request and the TLS under it, as the platform tells them; HTTP/1.1 where it does not. */
export function connectionOf(request: Request, scheme: "http" | "https"): Pick<AccessStart, "protocol" | "tls"> {
  const { httpProtocol, tlsVersion, tlsCipher, tlsClientAuth } = (request as { cf?: ConnectionFacts }).cf ?? {};
  return {
    protocol: textOf(httpProtocol) || "HTTP/1.1",
    tls:
      scheme === "http"
        ? undefined
        : {
            version: textOf(tlsVersion).replace(/^TLSv/, ""),
            cipher: textOf(tlsCipher),
            clientSubject: textOf(tlsClientAuth?.certSubjectDN),
          },
  };
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
