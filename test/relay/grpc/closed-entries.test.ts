import { credentials, status } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import type { ServersTransport } from "../../../src/table/service.ts";
import { certificateFor } from "../tcp/tcp-harness.ts";
import {
  allTo,
  callRouter,
  callTable,
  closeGrpc,
  eventually,
  podsOf,
  runGrpc,
  startEcho,
  unary,
} from "./grpc-harness.ts";

const closedBy = "newer-table";

afterEach(closeGrpc);

describe("a call", () => {
  it.each<[string, Record<string, ServersTransport>]>([
    ["that the table does not have", {}],
    ["that could not be read", { mtls: { closedBy } }],
  ])("by a transport %s reaches no Pod, and it is said once", async (_, serversTransports) => {
    const { port } = await startEcho();
    const grpc = await runGrpc(
      callTable(
        { routers: [callRouter("PathPrefix(`/`)", "pods")], serversTransports },
        podsOf("pods", [port], { serversTransport: "mtls" }),
      ),
    );
    const client = grpc.client();
    for (let times = 0; times < 2; times++) expect((await unary(client)).code).toBe(status.UNAVAILABLE);
    expect(grpc.errors).toEqual(["their ServersTransport mtls is not in the table, or could not be read"]);
  });

  it("at an entry point that could not be read is refused, and others are not", async () => {
    const { port } = await startEcho();
    const table = allTo([port]);
    const grpc = await runGrpc({ ...table, entryPoints: { grpc: { port: 0, closedBy } } });
    const client = grpc.client();
    expect(await unary(client)).toMatchObject({ code: status.UNAVAILABLE, details: "The entry point is closed" });
    grpc.take(table);
    expect((await unary(client)).value).toBe("ping");
  });

  it("over TLS by options that could not be read is refused, and counted", async () => {
    const { port } = await startEcho();
    const own = await certificateFor("localhost");
    const table = { ...allTo([port], { tls: true }), certificates: { own } };
    const grpc = await runGrpc({ ...table, tlsOptions: { default: { closedBy } } });
    const channel = () => credentials.createSsl(Buffer.from(own.certificate));
    const named = { "grpc.ssl_target_name_override": "localhost" };
    expect((await unary(grpc.client(named, channel()))).code).toBe(status.UNAVAILABLE);
    await eventually(() => grpc.stats().failedHandshakes).toBeGreaterThan(0);
    grpc.take(table);
    expect((await unary(grpc.client(named, channel()))).value).toBe("ping");
  });
});
