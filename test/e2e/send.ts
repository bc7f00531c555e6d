import http from "node:http";
import https from "node:https";

export interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  /** Name and value in turn, as received. */
  rawHeaders: string[];
  body: string;
}

export interface SendOptions {
  /** The Host header; the connection goes to the URL's authority. */
  host?: string;
  method?: string;
  headers?: http.OutgoingHttpHeaders;
  body?: string | Buffer;
}

/** One request on a connection of its own, with any Host, and the target sent byte for byte. */
export function send(base: string, path: string, options: SendOptions = {}): Promise<Answer> {
  const { hostname, port, protocol } = new URL(base);
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const request = (protocol === "https:" ? https : http).request(
    {
      hostname,
      port,
      path,
      method: options.method ?? "GET",
      agent: false,
      rejectUnauthorized: false,
      servername: options.host?.replace(/:\d+$/, "") ?? "localhost",
      headers: { ...(options.host !== undefined && { Host: options.host }), ...options.headers },
    },
    (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          rawHeaders: response.rawHeaders,
          body: Buffer.concat(chunks).toString(),
        }),
      );
    },
  );
  request.on("error", reject);
  request.end(options.body);
  return promise;
}

/** The first line of a whoami answer that begins with a name: `Hostname`, `RemoteAddr`. */
export function whoamiLine(body: string, name: string): string | undefined {
  return new RegExp(`^${name}: (.*)$`, "m").exec(body)?.[1];
}

/** The Service behind a whoami's Pod name: `myapp1` of `myapp1-7d9f…-x2x4q`. */
export function servedBy(answer: Pick<Answer, "body">, services: readonly string[]): string {
  const hostname = whoamiLine(answer.body, "Hostname") ?? "";
  return (
    services.find((service) => hostname === service || hostname.startsWith(`${service}-`)) ?? `unknown: ${hostname}`
  );
}
