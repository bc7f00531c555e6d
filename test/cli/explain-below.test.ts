import { expect, it } from "vitest";
import { runExplain } from "../../cli/commands/explain.ts";

const explain = async (url: string, user: string, json = true) => {
  const headers = [`Authorization: Basic ${btoa(`${user}:secret`)}`];
  const { exitCode, stdout } = await runExplain({ dir: "examples/multi-layer-routing", url, headers, json });
  expect(exitCode).toBe(0);
  return stdout;
};

it("shows the way through the routes below a route, with what each level does", async () => {
  const found = JSON.parse(await explain("http://shop.example.com/office/orders/7", "sue"));
  expect([found.router.object, found.answer]).toEqual(["IngressRoute default/shop", null]);
  const levels = found.below.map(
    (level: { router: { rule: string; line: number }; middlewares: { does: string[] }[] }) => ({
      rule: level.router.rule,
      does: level.middlewares.flatMap(({ does }) => does),
    }),
  );
  expect(levels).toEqual([
    {
      rule: "PathPrefix(`/office`)",
      does: ["path /office/orders/7 becomes /orders/7", "sets x-forwarded-prefix: /office"],
    },
    { rule: "Header(`X-User`, `sue`) && PathPrefix(`/orders`)", does: [] },
  ]);
  expect(found.below[0].candidates).toMatchObject([
    { rule: "PathPrefix(`/`)", matched: true, lost: { reason: "priority" } },
    { rule: "Header(`X-User`, `tom`)", matched: false, lost: { reason: "rule" } },
  ]);
  expect(found.service.endpoints.key).toBe("default-orders-80");
});

it("says that nothing below takes a request, and what came closest", async () => {
  const text = await explain("http://shop.example.com/office/orders/7", "ann", false);
  expect(text).toMatch(/The edge answers 404: no route below default-shop-office-\w+@kubernetescrd takes the request/);
  expect(text).toContain("Router below it default-shop-office-");
  expect(text).toContain("Below it, and did not answer");
  expect(text).toContain("✗ Header(`X-User`, `sue`)  X-User is ann");
  const { answer, below } = JSON.parse(await explain("http://shop.example.com/office/orders/7", "ann"));
  expect(answer.status).toBe(404);
  expect(below.map(({ router }: { router: unknown }) => router !== null)).toEqual([true, false]);
});

it("goes no further than the middleware that answers", async () => {
  const { answer, below } = JSON.parse(await explain("http://shop.example.com/", "nobody"));
  expect([answer.status, below]).toEqual([401, []]);
});
