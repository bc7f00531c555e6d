import { EventEmitter, once } from "node:events";
import { Agent, type IncomingMessage } from "node:http";
import { afterAll, describe, expect, it } from "vitest";
import { FAILURE_HEADER, HOP_HEADER, MIRROR_HEADER, POINTER_HEADER } from "../../src/hop/hop.ts";
import {
  closeAll,
  linesOf,
  open,
  read,
  ready,
  scriptedPod,
  send,
  startGateway,
  startPod,
  tableOf,
} from "./gateway-harness.ts";

afterAll(closeAll);

/** Tells what it got: the request line, then each header line. */
const port = await startPod((request, response) => {
  const { method, url, rawHeaders } = request;
  response.end(JSON.stringify({ method, url, rawHeaders }));
});
/** Answers what X-Answer asks for. */
const answers = await startPod((request, response) => {
  const {
    status = 200,
    headers = [],
    body,
  } = JSON.parse(String(request.headers["x-answer"])) as {
    status?: number;
    headers?: string[];
    body?: string;
  };
  response.writeHead(status, "As The Pod Says", headers);
  response.end(body);
});
const gateway = await startGateway(
  tableOf({
    app: { endpoints: ready(port) },
    "own-host": { endpoints: ready(port), passHostHeader: false },
    answers: { endpoints: ready(answers) },
  }),
);
type Sent = Parameters<typeof send>[2];
async function podGets(sent: Sent, service = "app") {
  const { text } = await send(gateway, service, sent);
  const { method, url, rawHeaders } = JSON.parse(text) as { method: string; url: string; rawHeaders: string[] };
  return { method, url, get: (name: string) => linesOf(rawHeaders, name), rawHeaders };
}

describe("a Pod", () => {
  it.each(["/", "/a//b/../c%2Fd?x=%41&y=%C3%A4", "/?", "/a;b=c,d?e=[f]|g", "//other.example.com/a"])(
    "gets the request target byte for byte: %s",
    async (path) => {
      expect((await podGets({ path })).url).toBe(path);
    },
  );

  it.each(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "PURGE"])("gets %s", async (method) => {
    expect((await podGets({ method })).method).toBe(method);
  });

  it("gets the client's Host, or its own where Hosts are not passed", async () => {
    const hop = { host: "shop.example.com:8443" };
    expect((await podGets({ hop })).get("host")).toEqual(["shop.example.com:8443"]);
    expect((await podGets({ hop }, "own-host")).get("host")).toEqual([`127.0.0.1:${port}`]);
    expect((await podGets({ hop: { host: "" } })).get("host")).toEqual([`127.0.0.1:${port}`]);
  });

  it("gets each header line as it was sent", async () => {
    const { get, rawHeaders } = await podGets({
      headers: ["X-CaSe", "a", "x-two", "1", "X-Two", "2", "x-latin", "caf\xe9"],
    });
    expect(get("x-two")).toEqual(["1", "2"]);
    expect(get("x-latin")).toEqual(["caf\xe9"]);
    expect(rawHeaders).toContain("X-CaSe");
  });

  it.each([
    ["proxy-authorization", ["proxy-authorization", "Basic x"]],
    ["keep-alive", ["keep-alive", "timeout=5"]],
    ["proxy-connection", ["proxy-connection", "keep-alive"]],
    ["x-private", ["connection", "x-private, close", "x-private", "1"]],
    ["upgrade", ["upgrade", "websocket"]],
    ["expect", ["expect", "100-continue"]],
    [HOP_HEADER, []],
    [POINTER_HEADER, [POINTER_HEADER, "1.2.c.d"]],
    [FAILURE_HEADER, [FAILURE_HEADER, "broken"]],
    [MIRROR_HEADER, [MIRROR_HEADER, "true"]],
    ["sluice_mirror", ["sluice_mirror", "true"]],
    ["sluice-anything", ["Sluice-Anything", "x"]],
  ])("never gets %s", async (name, headers) => {
    expect((await podGets({ headers })).get(name)).toEqual([]);
  });

  it("gets of TE that the client takes trailers, and nothing else", async () => {
    expect((await podGets({ headers: ["te", "gzip, trailers"] })).get("te")).toEqual(["trailers"]);
    expect((await podGets({ headers: ["te", "gzip"] })).get("te")).toEqual([]);
  });

  it("gets the mark of a mirror's copy only on one", async () => {
    expect((await podGets({ hop: { mirror: true }, headers: [MIRROR_HEADER, "false"] })).get(MIRROR_HEADER)).toEqual([
      "true",
    ]);
  });

  const forwarded = ["X-Forwarded-For", "203.0.113.9", "x-forwarded-proto", "gopher", "x-real-ip", "203.0.113.9"];
  it("gets X-Forwarded-* of the edge's making from untrusted clients", async () => {
    const { get } = await podGets({ headers: [...forwarded, "x_forwarded_for", "203.0.113.9"] });
    expect(get("x-forwarded-for")).toEqual(["192.0.2.1"]);
    expect(get("x-real-ip")).toEqual(["192.0.2.1"]);
    expect(get("x-forwarded-proto")).toEqual(["https"]);
    expect(get("x-forwarded-host")).toEqual(["app.example.com"]);
    expect(get("x-forwarded-port")).toEqual(["443"]);
    expect(get("x_forwarded_for")).toEqual([]);
  });

  it("gets what trusted clients say, and the peer after it", async () => {
    const { get } = await podGets({ hop: { trusted: true }, headers: forwarded });
    expect(get("x-forwarded-for")).toEqual(["203.0.113.9, 192.0.2.1"]);
    expect(get("x-real-ip")).toEqual(["203.0.113.9"]);
    expect(get("x-forwarded-proto")).toEqual(["gopher"]);
  });

  it("gets what the edge assigned, also when Connection names it", async () => {
    const { get } = await podGets({
      hop: { assigned: ["x-forwarded-prefix"] },
      headers: ["x-forwarded-prefix", "/api", "connection", "x-forwarded-prefix, x-forwarded-for"],
    });
    expect(get("x-forwarded-prefix")).toEqual(["/api"]);
    expect(get("x-forwarded-for")).toEqual(["192.0.2.1"]);
  });

  it.each([
    ["none on a GET", {}, [[], []]],
    ["none on a DELETE", { method: "DELETE" }, [[], []]],
    ["an empty one on a POST", { method: "POST", body: "" }, [["0"], []]],
    ["a length", { method: "POST", body: "abc" }, [["3"], []]],
    ["chunks", { method: "POST", body: [Buffer.from("abc")] }, [[], ["chunked"]]],
    ["a length on a GET", { body: "abc" }, [["3"], []]],
  ] as [string, Sent, [string[], string[]]][])("gets the body framed as it came: %s", async (_, sent, framing) => {
    const { get } = await podGets(sent);
    expect([get("content-length"), get("transfer-encoding")]).toEqual(framing);
  });
});

describe("a client", () => {
  const get = (answer: object, sent: Sent = {}) =>
    send(gateway, "answers", { ...sent, headers: ["x-answer", JSON.stringify(answer)] });

  it("gets status, reason and header lines as they are, many Set-Cookie apart", async () => {
    const answer = await get({
      status: 418,
      headers: ["Set-Cookie", "a=1, b", "X-Y", "1", "set-cookie", "b=2"],
      body: "tea",
    });
    expect(answer).toMatchObject({ status: 418, message: "As The Pod Says", text: "tea" });
    expect(linesOf(answer.rawHeaders, "set-cookie")).toEqual(["a=1, b", "b=2"]);
    expect(answer.rawHeaders).toContain("X-Y");
  });

  it.each(["HEAD", "GET"])("gets a header's bytes as they are, by %s, long before the body comes", async (method) => {
    const name = 'attachment; filename="été ☃"';
    const pod = await scriptedPod([
      (socket) => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Disposition: ${name}\r\nContent-Length: 2\r\n\r\n`);
        if (method === "HEAD") return;
        // Not before the headers have arrived: else both would go on together.
        bodies.once("wanted", () => socket.write("ok"));
      },
    ]);
    const bodies = new EventEmitter();
    const gateway = await startGateway(tableOf({ app: { endpoints: ready(pod.port) } }));
    const request = await open(gateway, "app", { method });
    const [response] = (await once(request.end(), "response")) as [IncomingMessage];
    bodies.emit("wanted");
    const { headers, text } = await read(response);
    expect(Buffer.from(headers["content-disposition"] ?? "", "latin1").toString()).toBe(name);
    expect(text).toBe(method === "HEAD" ? "" : "ok");
  });

  it.each(["Не найдено", "O\x01K"])(
    "gets the answer without its reason when no line can hold that: %j",
    async (reason) => {
      const pod = await scriptedPod([(socket) => socket.end(`HTTP/1.1 404 ${reason}\r\nContent-Length: 2\r\n\r\nok`)]);
      const gateway = await startGateway(tableOf({ app: { endpoints: ready(pod.port) } }));
      expect(await send(gateway, "app")).toMatchObject({ status: 404, message: "", text: "ok" });
    },
  );

  it.each([
    ["keep-alive", ["Keep-Alive", "timeout=1234"]],
    ["x-private", ["Connection", "x-private", "X-Private", "1"]],
    ["proxy-authenticate", ["Proxy-Authenticate", "Basic"]],
    [POINTER_HEADER, [POINTER_HEADER, "9.9.forged.home"]],
    [FAILURE_HEADER, [FAILURE_HEADER, "unreachable"]],
    [HOP_HEADER, ["Sluice-Hop", "x"]],
  ])("never gets a Pod's %s", async (name, headers) => {
    const lines = linesOf((await get({ headers, body: "x" })).rawHeaders, name);
    expect(lines.filter((line) => headers.includes(line))).toEqual([]);
  });

  it.each([
    ["HEAD with a length", { headers: ["Content-Length", "1234"] }, { method: "HEAD" }, ["1234"]],
    ["204", { status: 204 }, {}, []],
    ["304 with a length", { status: 304, headers: ["Content-Length", "1234", "ETag", '"a"'] }, {}, ["1234"]],
  ] as [string, object, Sent, string[]][])(
    "gets no body with %s, and the connection goes on",
    async (_, answer, sent, length) => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const first = await get(answer, { ...sent, agent });
      expect(first.text).toBe("");
      expect(linesOf(first.rawHeaders, "content-length")).toEqual(length);
      expect((await get({ body: "next" }, { agent })).text).toBe("next");
      agent.destroy();
    },
  );

  it.each([
    ["the edge is behind", 6, "1.7.abc.home"],
    ["the edge routes by the same", 7, undefined],
    ["the edge is ahead", 8, undefined],
  ])("that is an edge learns of the table when %s", async (_, generation, expected) => {
    const { headers } = await get({ body: "x" }, { hop: { generation } });
    expect(headers[POINTER_HEADER]).toBe(expected);
  });
});
