import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Server, ServerCredentials, type ServerWritableStream, status } from "@grpc/grpc-js";
import type { Authority, IssuedCertificate } from "../tls/certificate-authority.ts";

/** An SVID as the Workload API hands it out. */
export interface ServedSvid {
  id: string;
  svid: Pick<IssuedCertificate, "chainDer" | "keyDer">;
  bundle: Buffer;
}

/** What a workload is told. */
export interface Served {
  svids: readonly ServedSvid[];
  federated?: Readonly<Record<string, Buffer>>;
}

type Call = ServerWritableStream<Buffer, Buffer>;

/**
 * A stand-in for SPIRE's agent: gRPC over a socket, by the library that SPIFFE's own clients are written against.
 * (https://spiffe.io/docs/latest/spiffe-specs/spiffe_workload_api/).
 */
export class WorkloadApi {
  readonly path: string;
  readonly #dir: string;
  readonly #calls = new Set<Call>();
  readonly #waiting: (() => void)[] = [];
  #server: Server | undefined;
  #answer: Buffer | number | undefined;
  calls = 0;

  private constructor(dir: string) {
    this.#dir = dir;
    this.path = join(dir, "agent.sock");
  }

  static async start(answer?: Served | number): Promise<WorkloadApi> {
    const api = new WorkloadApi(await mkdtemp(join(tmpdir(), "sluice-spiffe-")));
    if (answer !== undefined) api.say(answer);
    await api.listen();
    return api;
  }

  async listen(): Promise<void> {
    const server = new Server();
    const raw = (bytes: Buffer): Buffer => bytes;
    server.addService(
      {
        fetch: {
          path: "/SpiffeWorkloadAPI/FetchX509SVID",
          requestStream: false,
          responseStream: true,
          requestSerialize: raw,
          requestDeserialize: raw,
          responseSerialize: raw,
          responseDeserialize: raw,
        },
      },
      { fetch: (call: Call) => this.#take(call) },
    );
    await new Promise<void>((resolve, reject) => {
      server.bindAsync(`unix:${this.path}`, ServerCredentials.createInsecure(), (error) =>
        error === null ? resolve() : reject(error),
      );
    });
    this.#server = server;
  }

  /** Tells all that listen, and whoever comes. A number is a status of gRPC, which ends their calls. */
  say(answer: Served | Buffer | number): void {
    this.#answer = typeof answer === "number" || Buffer.isBuffer(answer) ? answer : encode(answer);
    for (const call of this.#calls) this.#tell(call);
  }

  /** Resolves when it is called for the next time. */
  called(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Cuts everybody off, as when it is killed. */
  kill(): void {
    this.#server?.forceShutdown();
    this.#server = undefined;
    this.#calls.clear();
  }

  async close(): Promise<void> {
    this.kill();
    await rm(this.#dir, { recursive: true });
  }

  #take(call: Call): void {
    this.calls++;
    for (const resolve of this.#waiting.splice(0)) resolve();
    if (call.metadata.get("workload.spiffe.io")[0] !== "true" || call.request.length > 0) {
      call.emit("error", { code: status.INVALID_ARGUMENT, details: "security header missing from request" });
      return;
    }
    this.#calls.add(call);
    call.on("close", () => this.#calls.delete(call));
    call.on("cancelled", () => this.#calls.delete(call));
    this.#tell(call);
  }

  #tell(call: Call): void {
    if (Buffer.isBuffer(this.#answer)) call.write(this.#answer);
    else if (this.#answer !== undefined) {
      this.#calls.delete(call);
      call.emit("error", { code: this.#answer, details: "no identity issued" });
    }
  }
}

/** One SVID of this authority's trust domain, and its key. */
export async function svidOf(authority: Authority, id: string, endsInMs?: number): Promise<ServedSvid> {
  const svid = await authority.issue([{ type: "url", value: id }], endsInMs === undefined ? {} : { endsInMs });
  return { id, svid, bundle: authority.der };
}

export function encode({ svids, federated = {} }: Served): Buffer {
  return Buffer.concat([
    ...svids.map(({ id, svid, bundle }) =>
      field(
        1,
        Buffer.concat([
          field(1, id),
          field(2, svid.chainDer),
          field(3, svid.keyDer),
          field(4, bundle),
          field(5, "hint"),
        ]),
      ),
    ),
    field(2, "a list of revoked certificates"),
    ...Object.entries(federated).map(([domain, bundle]) =>
      field(3, Buffer.concat([field(1, domain), field(2, bundle)])),
    ),
  ]);
}

/** A field of bytes, as protobuf has it. */
export function field(number: number, value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
}

export function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let left = value; ; left = Math.floor(left / 128)) {
    if (left < 128) return Buffer.from([...bytes, left]);
    bytes.push((left % 128) + 128);
  }
}
