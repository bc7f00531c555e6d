import { connect, type Socket } from "node:net";
import type { RequestTarget } from "./route-table.ts";

/** What a browser's request carries, cookies of others included. */
const HEADERS = [
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
  "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
  "Accept-Language: en-GB,en;q=0.5",
  "Accept-Encoding: gzip, deflate, br",
  "Cookie: session=2f8e0b7a9c; theme=dark",
].join("\r\n");

export const encodeRequest = ({ host, path, headers = [] }: RequestTarget): Buffer =>
  Buffer.from([`GET ${path} HTTP/1.1`, `Host: ${host}`, HEADERS, ...headers, "", ""].join("\r\n"), "latin1");

const HEAD_END = "\r\n\r\n";

/**
 * A kept connection that carries one request after the other, as little of an HTTP client as the benchmark needs:
 * answers have a Content-Length.
 */
export class RequestConnection {
  readonly #socket: Socket;
  #resolve: ((head: string) => void) | undefined;
  #reject: ((error: Error) => void) | undefined;
  #text = "";
  #head: string | undefined;
  #missing = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => this.#take(chunk));
    socket.on("error", (error) => this.#reject?.(error));
    socket.on("close", () => this.#reject?.(new Error("the connection was closed")));
  }

  static open(port: number): Promise<RequestConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, "127.0.0.1", () => resolve(new RequestConnection(socket)));
      socket.once("error", reject);
    });
  }

  /** @returns the head of the answer, once its body has come as well */
  send(request: Buffer): Promise<string> {
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) throw new Error("the connection was closed while it was idle");
      this.#resolve = resolve;
      this.#reject = reject;
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#reject = undefined;
    this.#socket.destroy();
  }

  #take(chunk: string): void {
    if (this.#head === undefined) {
      this.#text += chunk;
      const end = this.#text.indexOf(HEAD_END);
      if (end === -1) return;
      this.#head = this.#text.slice(0, end);
      const length = /^content-length: *(\d+)$/im.exec(this.#head)?.[1];
      if (length === undefined) {
        this.#reject?.(new Error(`an answer without length: ${this.#head}`));
        return;
      }
      this.#missing = Number(length) - (this.#text.length - end - HEAD_END.length);
    } else {
      this.#missing -= chunk.length;
    }
    if (this.#missing > 0) return;
    const head = this.#head;
    this.#head = undefined;
    this.#text = "";
    this.#resolve?.(head);
  }
}
