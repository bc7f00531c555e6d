import { expect, it } from "vitest";
import { isAdminRequest } from "../../src/admin/is-admin-request.ts";

it.each([
  ["https://admin.example.com/ping", { host: "admin.example.com", path: undefined }, true],
  ["https://ADMIN.example.com:8443/ping", { host: "admin.example.com", path: undefined }, true],
  ["https://app.example.com/ping", { host: "admin.example.com", path: undefined }, false],
  ["https://app.example.com/.sluice/ping", { host: undefined, path: "/.sluice" }, true],
  ["https://app.example.com/.sluice", { host: undefined, path: "/.sluice" }, true],
  ["https://app.example.com/.sluicer", { host: undefined, path: "/.sluice" }, false],
  ["https://app.example.com/?/.sluice/", { host: undefined, path: "/.sluice" }, false],
  ["https://app.example.com/", { host: undefined, path: undefined }, false],
])("%s with %j: %s", (url, place, expected) => {
  expect(isAdminRequest(url, place)).toBe(expected);
});
