import { describe, expect, it } from "vitest";
import { EditableHeaders } from "../../src/exchange/editable-headers.ts";

describe("EditableHeaders", () => {
  it("is the request's own object until something changes", () => {
    const original = new Headers({ a: "1" });
    const headers = new EditableHeaders(original, false);
    headers.delete("absent");
    expect(headers.current).toBe(original);
    headers.set("b", "2");
    expect(headers.current).not.toBe(original);
    expect([...original]).toEqual([["a", "1"]]);
  });

  it.each([
    [true, "203.0.113.9, 192.0.2.1"],
    [false, "192.0.2.1"],
  ])("appends to what a client sent under X-Forwarded-For, trusted %s", (trusted, value) => {
    const headers = new EditableHeaders(new Headers({ "X-Forwarded-For": "203.0.113.9" }), trusted);
    headers.append("X-Forwarded-For", "192.0.2.1");
    expect(headers.get("x-forwarded-for")).toBe(value);
  });

  it("appends twice to what it set itself", () => {
    const headers = new EditableHeaders(new Headers({ "X-Forwarded-For": "forged" }), false);
    headers.append("X-Forwarded-For", "a");
    headers.append("x-forwarded-for", "b");
    expect(headers.get("x-forwarded-for")).toBe("a, b");
  });

  it.each([false, true])("is forked with its edits and apart from them (edited before: %s)", (before) => {
    const headers = new EditableHeaders(new Headers({ a: "1" }), false);
    if (before) headers.set("X-Forwarded-Prefix", "/a");
    const fork = headers.fork();
    expect([headers.isEdited, fork.isEdited]).toEqual([before, before]);
    fork.set("X-Forwarded-Host", "b");
    headers.delete("a");
    expect([headers.get("x-forwarded-host"), fork.get("a")]).toEqual([null, "1"]);
    expect(headers.assigned).toEqual(before ? ["x-forwarded-prefix"] : []);
    expect(fork.assigned).toEqual([...headers.assigned, "x-forwarded-host"]);
    expect(fork.get("x-forwarded-prefix")).toBe(before ? "/a" : null);
  });

  it("notes the forwarded headers that it was given, once each", () => {
    const headers = new EditableHeaders(new Headers(), false);
    const names = ["X-Forwarded-Prefix", "x-forwarded-prefix", "X-Real-Ip", "X-Other", "X-Scheme", "X_Forwarded_User"];
    for (const name of names) headers.set(name, "1");
    expect(headers.assigned).toEqual(["x-forwarded-prefix", "x-real-ip", "x-scheme", "x_forwarded_user"]);
  });

  it("notes those that were deleted and that the last hop would set anew, sent or not", () => {
    const headers = new EditableHeaders(new Headers({ "X-Real-Ip": "1.1.1.1", "X-Forwarded-User": "me" }), false);
    for (const name of ["X-Real-Ip", "X-Forwarded-Host", "X-Forwarded-User", "X-Other"]) headers.delete(name);
    expect(headers.assigned).toEqual(["x-real-ip", "x-forwarded-host"]);
    expect([...headers.current.keys()]).toEqual([]);
  });
});
