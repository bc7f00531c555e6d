import fc from "fast-check";
import { expect, it } from "vitest";
import { readTieBreaker, tieBreaker } from "../../sync-agent/translate/tie-breaker.ts";

const name = fc.stringMatching(/^[a-z]([-a-z0-9.]{0,10}[a-z0-9])?$/);

it("tells which object and place a router comes from, whatever was put behind", () => {
  fc.assert(
    fc.property(
      fc.record({
        provider: fc.constantFrom("gateway", "crd", "ingress"),
        namespace: fc.oneof(fc.constant(""), name),
        name,
        created: fc.constantFrom(undefined, "2024-01-01T00:00:00Z", "never"),
        places: fc.array(fc.nat(99_999), { maxLength: 3 }),
        behind: fc.constantFrom("", " tls", " web", " 1a2b tls"),
      }),
      ({ provider, created, places, behind, ...metadata }) => {
        const object = {
          apiVersion: "v",
          kind: "IngressRoute",
          metadata: { ...metadata, ...(created !== undefined && { creationTimestamp: created }) },
        };
        const text = tieBreaker(provider, object, ...places) + behind;
        expect(readTieBreaker(text)).toEqual({ kind: "IngressRoute", ...metadata, places });
      },
    ),
  );
});

it("knows routers that no object asked for", () => expect(readTieBreaker("0 redirect web")).toBeUndefined());
