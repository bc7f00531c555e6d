/**
 * Node's TCP handles, on which `net.Socket` stands, as lib/net.js and lib/internal/stream_base_commons.js of Node 24 use
 * them. They are no part of its documented API: whoever uses them asks `handlesWork` first.
 */

/** A call that tells its end later: of `connect`, `writeBuffer`, `shutdown`. */
interface Request {
  /** `status` is 0, or a system error as a negative number. */
  oncomplete?: (status: number, handle: TcpHandle) => void;
}

export interface WriteRequest extends Request {
  /** Kept for as long as the system reads from it. */
  bytes?: Uint8Array;
}

interface SocketName {
  address?: string;
  port?: number;
}

/** One end of a connection, or a listener. Each method gives 0, or a system error as a negative number. */
export interface TcpHandle {
  /** Called with what came in `streamBaseState`: bytes in the memory that was given, or an error. May give other memory. */
  onread: (this: TcpHandle) => Uint8Array | undefined;
  /** Of a listener. */
  onconnection: (this: TcpHandle, status: number, client: TcpHandle) => void;
  /** Takes a descriptor that is open, of whatever kind. */
  open(descriptor: number): number;
  useUserBuffer(memory: Uint8Array): void;
  readStart(): number;
  readStop(): number;
  writeBuffer(request: WriteRequest, bytes: Uint8Array): number;
  shutdown(request: Request): number;
  /** Not while a `shutdown` is under way: the handle could not be closed after that. */
  reset(): number;
  close(): void;
  connect(request: Request, address: string, port: number): number;
  connect6(request: Request, address: string, port: number): number;
  bind(address: string, port: number): number;
  listen(backlog: number): number;
  setNoDelay(isOn: boolean): number;
  setKeepAlive(isOn: boolean, delaySeconds: number): number;
  getpeername(into: SocketName): number;
  getsockname(into: SocketName): number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

export interface TcpBinding {
  TCP: new (type: number) => TcpHandle;
  TCPConnectWrap: new () => Request;
  WriteWrap: new () => WriteRequest;
  ShutdownWrap: new () => Request;
  SOCKET: number;
  SERVER: number;
  /** What the last call back or write has to tell, by these places. */
  streamBaseState: Int32Array;
  kReadBytesOrError: number;
  kLastWriteWasAsync: number;
}

/** The versions whose handles are known. */
const KNOWN_MAJOR = "24";

const METHODS = [
  ...["useUserBuffer", "readStart", "readStop", "writeBuffer", "shutdown", "reset", "close", "connect", "connect6"],
  ...["bind", "listen", "open", "setNoDelay", "setKeepAlive", "getpeername", "getsockname"],
] as const satisfies readonly (keyof TcpHandle)[];

/** Undefined where they are not what is known of them. */
export const tcpBinding: TcpBinding | undefined = loadBinding();

function loadBinding(): TcpBinding | undefined {
  if (process.versions.node.split(".")[0] !== KNOWN_MAJOR) return undefined;
  try {
    const { binding } = process as unknown as { binding: (name: string) => Record<string, unknown> };
    const tcp = binding("tcp_wrap");
    const stream = binding("stream_wrap");
    const constants = tcp.constants as Record<string, unknown>;
    const found = { ...tcp, ...stream, SOCKET: constants.SOCKET, SERVER: constants.SERVER };
    return isBinding(found) ? found : undefined;
  } catch {
    return undefined;
  }
}

function isBinding(found: Record<string, unknown>): found is Record<string, unknown> & TcpBinding {
  const isOf = (type: "function" | "number", ...names: (keyof TcpBinding)[]): boolean =>
    names.every((name) => typeof found[name] === type);
  if (!isOf("function", "TCP", "TCPConnectWrap", "WriteWrap", "ShutdownWrap")) return false;
  if (!isOf("number", "SOCKET", "SERVER", "kReadBytesOrError", "kLastWriteWasAsync")) return false;
  const { prototype } = found.TCP as { prototype: Record<string, unknown> };
  return found.streamBaseState instanceof Int32Array && METHODS.every((name) => typeof prototype[name] === "function");
}
