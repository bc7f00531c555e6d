import { describe, expect, test } from "vitest";
import type { KubernetesObject } from "../../sync-agent/source/kubernetes-object.ts";
import { PROGRAMMED_MESSAGE } from "../../sync-agent/status/gateway-status.ts";
import { ProgrammedGateways } from "../../sync-agent/status/programmed-gateways.ts";

const gateway = (generation: number, uid = "u1", status?: unknown): KubernetesObject => ({
  apiVersion: "gateway.networking.k8s.io/v1",
  kind: "Gateway",
  metadata: { name: "main", uid, generation },
  status,
});
const isProgrammed = (state: ProgrammedGateways, one: KubernetesObject): boolean => state.stateOf(one).programmed;

describe("a Gateway is programmed", () => {
  test("when the beacon has accepted it and the Worker answers, not before", () => {
    const state = new ProgrammedGateways(true);
    expect(state.stateOf(gateway(1))).toEqual({ programmed: false, waitsFor: "Waits for its table to be published" });
    state.accept([gateway(1)], 7);
    expect(state.stateOf(gateway(1))).toMatchObject({ programmed: false });
    state.answer(6);
    expect(isProgrammed(state, gateway(1))).toBe(false);
    expect(state.awaited()).toBe(7);
    state.answer(7);
    expect(isProgrammed(state, gateway(1))).toBe(true);
    expect(state.awaited()).toBeUndefined();
  });

  test("by a later generation of the table as well", () => {
    const state = new ProgrammedGateways(true);
    state.answer(9);
    state.accept([gateway(1)], 7);
    expect(isProgrammed(state, gateway(1))).toBe(true);
  });

  test("as long as its spec stays: tables that follow are about other things", () => {
    const state = new ProgrammedGateways(true);
    state.accept([gateway(1)], 7);
    state.answer(7);
    state.accept([gateway(1)], 8);
    expect(isProgrammed(state, gateway(1))).toBe(true);
    expect(state.awaited()).toBeUndefined();
    expect(isProgrammed(state, gateway(2))).toBe(false);
    state.accept([gateway(2)], 9);
    expect(isProgrammed(state, gateway(2))).toBe(false);
    state.answer(9);
    expect(isProgrammed(state, gateway(2))).toBe(true);
  });

  test("by the first table that held it, however many follow", () => {
    const state = new ProgrammedGateways(true);
    for (const pointer of [7, 8, 9]) state.accept([gateway(1)], pointer);
    expect(state.awaited()).toBe(7);
  });

  test("not for having the name of one that was", () => {
    const state = new ProgrammedGateways(true);
    state.accept([gateway(1, "u1")], 7);
    state.answer(7);
    state.accept([gateway(1, "u2")], 8);
    expect(isProgrammed(state, gateway(1, "u2"))).toBe(false);
  });

  const says = (message: string, observedGeneration: number) => ({
    conditions: [{ type: "Programmed", status: "True", reason: "Programmed", message, observedGeneration }],
  });
  test("when an agent before this one has said so of this generation, in its own words", () => {
    const state = new ProgrammedGateways(true);
    expect(isProgrammed(state, gateway(4, "u1", says(PROGRAMMED_MESSAGE, 4)))).toBe(true);
    expect(isProgrammed(state, gateway(5, "u1", says(PROGRAMMED_MESSAGE, 4)))).toBe(false);
    expect(isProgrammed(state, gateway(4, "u1", says("Gateway programmed", 4)))).toBe(false);
    expect(isProgrammed(state, gateway(4, "u1", { conditions: 7 }))).toBe(false);
  });
});
