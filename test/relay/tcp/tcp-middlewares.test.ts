import { describe, expect, it } from "vitest";
import { admit, compileTcpMiddleware, type InFlight } from "../../../relay/tcp/tcp-middlewares.ts";

const CLIENT = "192.0.2.1";

describe("inFlightConn", () => {
  it("remembers nobody who has no connection", () => {
    const inFlight: InFlight = new Map();
    const limit = compileTcpMiddleware("limit", { type: "inFlightConn", amount: 2 }, inFlight);
    const admissions = [admit([limit], CLIENT), admit([limit], CLIENT)];
    expect([admit([limit], CLIENT).outcome, admit([limit], "192.0.2.2").outcome]).toEqual(["refused", "admitted"]);
    for (const admission of admissions) if (admission.outcome === "admitted") admission.leave();
    expect([...inFlight.keys()]).toEqual(["limit 192.0.2.2"]);
  });

  it("does not count who a later middleware refuses", () => {
    const inFlight: InFlight = new Map();
    const limit = compileTcpMiddleware("limit", { type: "inFlightConn", amount: 1 }, inFlight);
    const nobody = compileTcpMiddleware("nobody", { type: "ipAllowList", sourceRange: [] }, inFlight);
    expect(admit([limit, nobody], CLIENT)).toEqual({ outcome: "refused", by: "ipAllowList" });
    expect(inFlight.size).toBe(0);
  });
});
