import { expect } from "vitest";
import type { HostileCase } from "./hostile-case.ts";
import type { RawAnswer } from "./raw-client.ts";
import type { RawOrigin, SeenRequest } from "./raw-origin.ts";

/** What the edge and the gateway tell an origin of a client, and the Host, by the names of their headers. */
export type Identity = Readonly<Record<string, string>>;

/** Headers that this side of the connection makes itself. */
const FRAMING = ["connection", "content-length", "transfer-encoding"];

/** The bytes of a case, with its own number. */
export const bytesOf = ({ bytes }: HostileCase, number: number, hostLines: string): string =>
  bytes.replaceAll("{host}", hostLines).replaceAll("-000", suffixOf(number));

export const mayReachOf = ({ mayReach }: HostileCase, number: number): string[] =>
  mayReach.map((line) => line.replaceAll("-000", suffixOf(number)));

/** Of one length for all cases, since the cases count bytes. */
const suffixOf = (number: number): string => `-${String(number).padStart(3, "0")}`;

/** Holds what an origin saw of a case, and what the client was answered, to what may be. */
export function judge(
  hostile: HostileCase,
  number: number,
  answers: readonly RawAnswer[],
  origin: RawOrigin,
  identity: Identity,
): void {
  const { passes = [], oddStatus } = hostile;
  const seen = origin.seen.filter(({ line }) => line.endsWith(suffixOf(number)));
  const allowed = mayReachOf(hostile, number);
  expect(seen.map(({ line }) => line)).toEqual(allowed.slice(0, seen.length));
  expect(origin.faults).toEqual([]);
  for (const request of seen) expectIdentity(request, identity, passes);

  const statuses = answers.map(({ status }) => status);
  expect(statuses.filter((status) => !isProper(status) && status !== oddStatus)).toEqual([]);
  // An answer of the origin's without a request that it saw would be another's.
  expect(statuses.filter((status) => status === 200).length).toBeLessThanOrEqual(seen.length);
}

/** The origin's answer; a refusal; what the edge says where a client's body broke off. */
const isProper = (status: number): boolean =>
  status === 200 || (status >= 400 && status < 500) || status === 501 || status === 502;

/** Nobody but the edge and the gateway has said who asks, and nothing else came along. */
export function expectIdentity({ headers }: SeenRequest, identity: Identity, passes: readonly string[] = []): void {
  const said = headers.filter(([name]) => name in identity);
  expect(Object.fromEntries(said)).toEqual(identity);
  expect(said.length).toBe(Object.keys(identity).length);
  const others = headers.map(([name]) => name).filter((name) => !(name in identity) && !FRAMING.includes(name));
  const isPassed = (name: string) =>
    passes.some((pass) => (pass.endsWith("*") ? name.startsWith(pass.slice(0, -1)) : name === pass));
  expect(others.filter((name) => !isPassed(name))).toEqual([]);
}
