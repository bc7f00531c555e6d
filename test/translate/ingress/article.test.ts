import { join } from "node:path";
import { expect, test } from "vitest";
import { readFolder } from "../../../sync-agent/source/folder-source.ts";
import { defaultSettings } from "../../../sync-agent/translate/settings.ts";
import { createTranslator } from "../../../sync-agent/translate/translate.ts";

const folder = join(import.meta.dirname, "../../fixtures/articles/001-outside-the-cluster");

test("001: the Ingress of 2018 is served as it is", async () => {
  const { store } = await readFolder(folder);
  const { table, problems } = createTranslator(defaultSettings()).translate(store);
  expect(problems.map(({ code }) => code)).toEqual(["service-no-endpoints"]);
  expect(table.routers).toMatchObject([
    {
      name: "default-demo-demo-mritd-me@kubernetes",
      entryPoints: ["web", "websecure"],
      tls: false,
      rule: { type: "host", host: "demo.mritd.me" },
      service: "default-demo-8080@kubernetes",
    },
  ]);
  expect(table.services).toMatchObject({
    "default-demo-8080@kubernetes": { endpoints: "default-demo-8080", passHostHeader: true },
  });
});
