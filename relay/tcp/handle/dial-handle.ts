import { isIP } from "node:net";
import { getSystemErrorName } from "node:util";
import type { Target } from "../../origin-gateway/target.ts";
import { DialError, dial, portOf } from "../dial.ts";
import { keepAliveLater } from "../keep-alive.ts";
import { deadlinesOf } from "./deadlines.ts";
import { HandleConnection } from "./handle-connection.ts";
import { takeHandle } from "./take-handle.ts";
import { type TcpBinding, tcpBinding } from "./tcp-binding.ts";

/**
 * Connects to a target.
 *
 * @param timeoutMs 0: no limit
 * @returns a connection that is not read yet
 * @throws DialError
 */
export function dialHandle(target: Target, timeoutMs: number): Promise<HandleConnection> {
  const family = familyOf(target);
  return family === 0 ? dialByName(target, timeoutMs) : dialAddress(target, family, timeoutMs);
}

const families = new WeakMap<Target, number>();

/** @returns 4 or 6, or 0 for a name */
function familyOf(target: Target): number {
  let family = families.get(target);
  if (family === undefined) {
    family = isIP(target.address);
    families.set(target, family);
  }
  return family;
}

/** Names are looked up, and their addresses tried in turn, by a socket. */
async function dialByName(target: Target, timeoutMs: number): Promise<HandleConnection> {
  const socket = await dial(target, timeoutMs);
  const taken = takeHandle(socket);
  if (taken !== undefined && taken.rest === undefined) {
    keepAliveLater(taken.connection);
    return taken.connection;
  }
  socket.destroy();
  throw new DialError(target, "ECONNRESET");
}

function dialAddress(target: Target, family: number, timeoutMs: number): Promise<HandleConnection> {
  const binding = tcpBinding as TcpBinding;
  return new Promise((resolve, reject) => {
    const handle = new binding.TCP(binding.SOCKET);
    const deadlines = timeoutMs > 0 ? deadlinesOf(timeoutMs) : undefined;
    const fail = (code: string): void => {
      if (deadline !== undefined) deadlines?.meet(deadline);
      handle.close();
      reject(new DialError(target, code));
    };
    const request = new binding.TCPConnectWrap();
    request.oncomplete = (status) => {
      // Also when it was closed for being late; then the promise has its end.
      if (status !== 0) {
        fail(getSystemErrorName(status));
        return;
      }
      if (deadline !== undefined) deadlines?.meet(deadline);
      const connection = new HandleConnection(handle);
      keepAliveLater(connection);
      resolve(connection);
    };
    const deadline = deadlines?.add(() => fail("ETIMEDOUT"));
    const port = portOf(target);
    // What is no port would end the process, not only the call.
    if (!Number.isInteger(port) || port < 0 || port > 65_535) {
      fail("EINVAL");
      return;
    }
    const status =
      family === 6 ? handle.connect6(request, target.address, port) : handle.connect(request, target.address, port);
    if (status !== 0) fail(getSystemErrorName(status));
  });
}
