import * as fc from "fast-check";
import { expect, it } from "vitest";
import { type KeptSession, UdpSessions } from "../../../relay/udp/udp-sessions.ts";

function start(options: { idleTimeoutMs?: number; maxSessions?: number } = {}) {
  const clock = { time: 0 };
  const ended: string[] = [];
  const sessions = new UdpSessions<string>({
    idleTimeoutMs: 100,
    maxSessions: 10,
    now: () => clock.time,
    ended: (value) => ended.push(value),
    ...options,
  });
  return { clock, ended, sessions };
}

it("end when neither side has said anything for the idle time", () => {
  const { clock, ended, sessions } = start();
  const heard = sessions.begin("heard", "heard");
  const answered = sessions.begin("answered", "answered");
  sessions.begin("silent", "silent");
  clock.time = 60;
  sessions.hear(heard);
  clock.time = 80;
  sessions.answer(answered);
  clock.time = 100;
  expect(sessions.expire()).toBe(60);
  expect(ended).toEqual(["silent"]);
  clock.time = 160;
  expect(sessions.expire()).toBe(20);
  expect(ended).toEqual(["silent", "heard"]);
  clock.time = 180;
  expect(sessions.expire()).toBeUndefined();
  expect(ended).toEqual(["silent", "heard", "answered"]);
});

it("of clients that were heard again outlast any number of those heard once", () => {
  const { ended, sessions } = start({ maxSessions: 3 });
  for (const name of ["a", "b"]) sessions.hear(sessions.begin(name, name));
  for (let client = 0; client < 50; client++) {
    const flood = sessions.begin(`${client}`, `${client}`);
    sessions.answer(flood);
  }
  expect(ended).toEqual(Array.from({ length: 49 }, (_, client) => `${client}`));
  expect([...sessions.values()]).toEqual(["a", "b", "49"]);
});

it("make room when the system has no more sockets, and are as many again when the flood is over", () => {
  const { ended, sessions } = start({ maxSessions: 40 });
  const fill = (from: number, to: number): void => {
    for (let client = from; client < to; client++) sessions.begin(`${client}`, `${client}`);
  };
  expect(sessions.makeRoom()).toBe(false);
  fill(0, 20);
  expect(sessions.makeRoom()).toBe(true);
  expect(ended).toEqual(["0", "1", "2"]);
  fill(20, 60);
  expect(sessions.size).toBe(18);
  for (let client = 42; client < 60; client++) {
    const session = sessions.find(`${client}`);
    if (session !== undefined && sessions.size > 8) sessions.end(session);
  }
  fill(60, 200);
  expect(sessions.size).toBe(40);
});

it("give way in the order of their last use, those heard once first, never more than so many, and each ends once", () => {
  const action = fc.record({
    kind: fc.constantFrom("hear", "answer", "end", "late"),
    client: fc.integer({ min: 0, max: 7 }),
  });
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), fc.integer({ min: 1, max: 5 }), (actions, maxSessions) => {
      const { ended, sessions } = start({ maxSessions });
      const expected: string[] = [];
      const handles = new Map<string, KeptSession<string>>();
      let once: string[] = [];
      let more: string[] = [];
      const without = (list: string[], name: string) => list.filter((one) => one !== name);
      for (const { kind, client } of actions) {
        const name = `${client}`;
        const known = sessions.find(name);
        const last = handles.get(name);
        expect(known !== undefined).toBe([...once, ...more].includes(name));
        if (kind === "late") {
          // What still comes for a session that has ended brings it not back.
          if (last !== undefined && known === undefined) sessions.answer(last);
        } else if (kind === "end") {
          if (known === undefined) continue;
          sessions.end(known);
          sessions.end(known);
          expected.push(name);
          [once, more] = [without(once, name), without(more, name)];
        } else if (known === undefined) {
          if (once.length + more.length >= maxSessions) expected.push(...(once.length > 0 ? once : more).splice(0, 1));
          handles.set(name, sessions.begin(name, name));
          once.push(name);
        } else if (kind === "hear") {
          sessions.hear(known);
          [once, more] = [without(once, name), [...without(more, name), name]];
        } else {
          sessions.answer(known);
          if (once.includes(name)) once = [...without(once, name), name];
          else more = [...without(more, name), name];
        }
        expect(sessions.size).toBe(once.length + more.length);
        expect(ended).toEqual(expected);
      }
      sessions.endAll();
      expect(ended.toSorted()).toEqual([...expected, ...once, ...more].toSorted());
    }),
  );
});
