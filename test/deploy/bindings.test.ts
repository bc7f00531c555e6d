import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { unstable_readConfig as readConfig } from "wrangler";
import * as z from "zod";

/** What only `sluice dev` sets. */
const LOCAL = ["CLIENT_ADDRESS", "DEV"];

const env = [...(await readFile("src/env.ts", "utf8")).matchAll(/^ {2}([A-Z_]+)(\?)?:/gm)].map(
  ([, name = "", optional]) => ({ name, optional: optional !== undefined }),
);
const config = z
  .object({
    kv_namespaces: z.array(z.object({ binding: z.string() })),
    durable_objects: z.object({ bindings: z.array(z.object({ name: z.string(), class_name: z.string() })) }),
    migrations: z.array(z.object({ new_sqlite_classes: z.array(z.string()).default([]) })),
    vpc_services: z.array(z.object({ binding: z.string() })),
    secrets: z.object({ required: z.array(z.string()) }),
    vars: z.record(z.string(), z.string()),
  })
  .parse(readConfig({ config: "wrangler.toml" }));
const bound = [
  ...config.kv_namespaces.map(({ binding }) => binding),
  ...config.durable_objects.bindings.map(({ name }) => name),
  ...config.vpc_services.map(({ binding }) => binding),
  ...config.secrets.required,
  ...Object.keys(config.vars),
];

it("wrangler.toml binds only what the Worker reads", () => {
  expect(env.map(({ name }) => name)).toEqual(expect.arrayContaining(bound));
  expect(new Set(bound).size).toBe(bound.length);
});

it("wrangler.toml binds all that the Worker cannot do without", () => {
  expect(bound).toEqual(expect.arrayContaining(env.filter(({ optional }) => !optional).map(({ name }) => name)));
});

it("wrangler.toml shows every setting, if only as a comment", async () => {
  const text = await readFile("wrangler.toml", "utf8");
  const production = env.map(({ name }) => name).filter((name) => !LOCAL.includes(name));
  for (const name of production) expect(text).toMatch(new RegExp(`\\b${name}\\b`));
});

it("wrangler.toml never binds what is for a laptop", () => {
  for (const name of LOCAL) expect(bound).not.toContain(name);
  expect(env.map(({ name }) => name)).toEqual(expect.arrayContaining(LOCAL));
});

it("each Durable Object has a migration that makes it", () => {
  const made = config.migrations.flatMap(({ new_sqlite_classes }) => new_sqlite_classes);
  expect(config.durable_objects.bindings.map(({ class_name }) => class_name)).toEqual(made);
});
