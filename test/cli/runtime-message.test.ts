import { expect, it } from "vitest";
import { runtimeMessage } from "../../cli/dev/runtime-message.ts";

it.each([
  [
    "e = rust/worker/ffi.rs:104: failed: failed to lookup address information: Name or service not known\nstack: /bin/workerd@2b5edc0 /bin/workerd@3fe4230; sentryErrorContext = jsgInternalError; wdErrId = lmdc4l",
    "workerd: failed to lookup address information: Name or service not known",
  ],
  [
    "e = kj/async-io-unix.c++:1298: failed: connect(): Connection refused; address = 127.0.0.1:1\nstack: /bin/workerd@1",
    "workerd: connect(): Connection refused",
  ],
  ["a route is closed: e = mc2", "a route is closed: e = mc2"],
  ["Error: no\nstack: a", "Error: no\nstack: a"],
])("%j is told as %j", (message, told) => expect(runtimeMessage(message)).toBe(told));
