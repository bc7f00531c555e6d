import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { closeAll, hopTo, ready, startGateway, tableOf } from "../relay/gateway-harness.ts";
import { framingCases } from "./framing-cases.ts";
import { headCases } from "./head-cases.ts";
import { gatewayCases } from "./host-cases.ts";
import { bytesOf, expectIdentity, judge } from "./judge.ts";
import { sendRaw } from "./raw-client.ts";
import { type RawOrigin, startRawOrigin } from "./raw-origin.ts";

let origin: RawOrigin;
let port: number;
let hostLines: string;

beforeAll(async () => {
  origin = await startRawOrigin();
  const gateway = await startGateway(tableOf({ pod: { endpoints: ready(origin.port) } }));
  port = gateway.address.port;
  hostLines = `Host: gateway.internal\r\nSluice-Hop: ${await hopTo("pod", { host: identity.host })}`;
});

afterAll(async () => {
  await closeAll();
  await origin?.close();
});

const identity = {
  host: "victim.example.com",
  "x-forwarded-for": "192.0.2.1",
  "x-forwarded-host": "victim.example.com",
  "x-forwarded-port": "443",
  "x-forwarded-proto": "https",
  "x-real-ip": "192.0.2.1",
};

async function expectCleanRequest(number: number): Promise<void> {
  const path = `/clean/${number}`;
  const answers = await sendRaw(port, `GET ${path} HTTP/1.1\r\n${hostLines}\r\n\r\n`);
  expect(answers.map(({ status }) => status)).toEqual([200]);
  const request = origin.seen.at(-1);
  if (request === undefined) throw new Error("the origin saw nothing");
  expect(request.line).toBe(`GET ${path}`);
  expectIdentity(request, identity);
}

/** The gateway speaks HTTP/2: test/relay/http2-in.test.ts holds it to that. */
const spoken = "the preface of HTTP/2";
const cases = [...framingCases, ...headCases, ...gatewayCases].filter(({ name }) => name !== spoken);

/** As an edge that has been taken over would: with a token that is good. */
describe("straight to the gateway", () => {
  it.each(cases.map((hostile, number) => ({ ...hostile, number })))("$name", async ({ number, ...hostile }) => {
    const answers = await sendRaw(port, bytesOf(hostile, number, hostLines), hostile.isCut ? 0 : 1);
    judge(hostile, number, answers, origin, {
      ...identity,
      ...(hostile.isWebSocket && { "x-forwarded-proto": "wss" }),
    });
    await expectCleanRequest(number);
  });
});
