import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  type ClientDuplexStream,
  type ClientUnaryCall,
  credentials,
  loadPackageDefinition,
  Metadata,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { afterAll, describe, expect, it } from "vitest";
import { curlLines } from "../../cli/print/curl-lines.ts";
import { examples, type RunningExample, runExample } from "./run-example.ts";

const run = promisify(execFile);

interface Message {
  text: string;
}

interface EchoClient {
  Say(
    message: Message,
    metadata: Metadata,
    done: (error: ServiceError | null, answer?: Message) => void,
  ): ClientUnaryCall;
  Admin: EchoClient["Say"];
  Chat(metadata: Metadata): ClientDuplexStream<Message, Message>;
  close(): void;
}

const clients: EchoClient[] = [];
afterAll(() => {
  for (const client of clients) client.close();
});

const definition = loadPackageDefinition(loadSync(join(examples, "grpc/echo.proto")));

function connect({ dev }: RunningExample, authority: string): EchoClient {
  const Echo = (definition.example as unknown as { Echo: new (...args: unknown[]) => EchoClient }).Echo;
  const client = new Echo(`127.0.0.1:${dev.port("web")}`, credentials.createInsecure(), {
    "grpc.default_authority": authority,
    "grpc.use_local_subchannel_pool": 1,
  });
  clients.push(client);
  return client;
}

const call = (client: EchoClient, method: "Say" | "Admin", text: string): Promise<string | number> =>
  new Promise((resolve) => {
    client[method]({ text }, new Metadata(), (error, answer) => resolve(error?.code ?? answer?.text ?? ""));
  });

describe("grpc", async () => {
  const example = await runExample("grpc");

  it("takes calls by service and method, on the port of HTTP", async () => {
    const client = connect(example, "grpc.example.com");
    for (let i = 0; i < 12; i++) expect(await call(client, "Say", `hello ${i}`)).toBe(`hello ${i}`);
    expect((await example.ask("grpc.example.com", "/other")).status).toBe(404);
  });

  it("suggests calls that are answered", async () => {
    const lines = curlLines(example.dev.table(), { web: { host: "127.0.0.1", port: example.dev.port("web") } });
    const answers = await Promise.all(lines.map(async (line) => (await run("sh", ["-c", line])).stdout));
    // The third is a route of HTTP, which may be gRPC's as well.
    expect(answers.slice(0, 2).map((text) => /^grpc-status: ?(\d+)/m.exec(text)?.[1])).toEqual(["7", "0"]);
  });

  it("streams both ways", async () => {
    const chat = connect(example, "grpc.example.com").Chat(new Metadata());
    const answers = chat[Symbol.asyncIterator]() as AsyncIterator<Message>;
    for (const text of ["one", "two"]) {
      chat.write({ text });
      expect((await answers.next()).value).toEqual({ text });
    }
    chat.end();
    expect((await answers.next()).done).toBe(true);
  });

  it("keeps the guard of a method", async () => {
    expect(await call(connect(example, "grpc.example.com"), "Admin", "hello")).toBe(status.PERMISSION_DENIED);
  });

  it("takes calls by an IngressRoute as well, and none by a host that has no route", async () => {
    expect(await call(connect(example, "old.example.com"), "Say", "hello")).toBe("hello");
    expect(await call(connect(example, "none.example.com"), "Say", "hello")).toBe(status.UNIMPLEMENTED);
  });
});

describe.each([
  ["a filter of a GRPCRoute", "api.example.com", 200],
  ["the middleware grpcWeb", "traefik.example.com", 204],
])("grpc-web, by %s", async (_, host, preflightStatus) => {
  const { ask } = await runExample("grpc-web");
  const origin = "https://app.example.com";

  it("gets a call's message back, and its status behind it", async () => {
    const message = "\0\0\0\0\x07\n\x05hello";
    const answer = await ask(host, "/example.Echo/Say", {
      method: "POST",
      headers: { "content-type": "application/grpc-web+proto", "x-grpc-web": "1", origin },
      body: message,
    });
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      "content-type": "application/grpc-web+proto",
      "access-control-allow-origin": origin,
    });
    expect(answer.body.startsWith(message)).toBe(true);
    expect(answer.body.slice(message.length)).toMatch(/grpc-status: ?0\r\n$/);
  });

  it.each([
    [origin, origin],
    ["https://elsewhere.example", undefined],
  ])("answers the preflight of a page of %s", async (page, allowed) => {
    const { status: code, headers } = await ask(host, "/example.Echo/Say", {
      method: "OPTIONS",
      headers: {
        origin: page,
        "access-control-request-method": "POST",
        "access-control-request-headers": "x-grpc-web",
      },
    });
    expect([code, headers["access-control-allow-origin"]]).toEqual([preflightStatus, allowed]);
  });
});
