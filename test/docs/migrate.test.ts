import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ArgDef } from "citty";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { runCheck } from "../../cli/commands/check.ts";
import { runExplain } from "../../cli/commands/explain.ts";
import { runImport } from "../../cli/commands/import.ts";
import { followedResources } from "../../sync-agent/source/known-kinds.ts";
import { CHART, helm } from "../deploy/helm.ts";

const page = await readFile("docs/migrate.md", "utf8");

/** The indented blocks of the page, without their indentation; each paragraph of one for itself. */
const blocks = page
  .split(/\n{2,}/)
  .filter((paragraph) => paragraph.startsWith("    "))
  .map((paragraph) => paragraph.replaceAll(/^ {4}/gm, "").trimEnd());
const isCommand = (block: string): boolean => /^(?:npx|kubectl|helm|curl|mkdir) /.test(block);
const commands = blocks.filter(isCommand).flatMap((block) => block.split("\n"));
const ofSluice = commands.filter((line) => line.startsWith("npx sluice "));
const values = blocks.filter((block) => !isCommand(block) && !block.startsWith("routes ="));

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-migrate-"));
});

afterAll(() => rm(folder, { recursive: true }));

describe("a command of the page", () => {
  it("is found", () => {
    expect(ofSluice.length).toBeGreaterThanOrEqual(7);
    expect(values.length).toBeGreaterThanOrEqual(3);
  });

  it.each(ofSluice)("is one of sluice's: %s", async (line) => {
    const { name, flags, positional } = readCommand(line);
    const args = await argumentsOf(name);
    const known = Object.entries(args);
    expect(flags.filter(({ flag }) => !Object.hasOwn(args, flag))).toEqual([]);
    for (const { flag, value } of flags) expect(value !== undefined).toBe(args[flag]?.type === "string");
    expect(positional.length).toBe(known.filter(([, { type }]) => type === "positional").length);
  });

  it("asks kubectl for kinds that are read, and for all but those left out", () => {
    const resources = commands
      .filter((line) => line.startsWith("kubectl get ") && line.includes("--output yaml"))
      .flatMap((line) => line.split(" ")[2]?.split(",") ?? []);
    const known = followedResources().map(({ group, resource }) => (group === "" ? resource : `${resource}.${group}`));
    expect(resources.filter((resource) => !known.includes(resource))).toEqual([]);
    const leftOut = ["endpointslices.discovery.k8s.io", "endpoints", "secrets", "configmaps"];
    const experimental = ["tlsroutes", "tcproutes", "udproutes", "backendtlspolicies"].map(
      (name) => `${name}.gateway.networking.k8s.io`,
    );
    const others = known.filter((name) => !name.endsWith(".traefik.containo.us") && !resources.includes(name));
    expect(new Set(others)).toEqual(new Set([...leftOut, ...experimental]));
  });
});

interface Command {
  name: string;
  flags: { flag: string; value: string | undefined }[];
  positional: string[];
}

/** A line without quotes: the program's words, its flags with their values, and what stands by itself. */
function readCommand(line: string): Command {
  const [, , name = "", ...words] = line.replace(/ >.*$/, "").split(" ");
  const command: Command = { name, flags: [], positional: [] };
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? "";
    const next = words[index + 1];
    if (!word.startsWith("--")) command.positional.push(word);
    else if (next === undefined || next.startsWith("--")) command.flags.push({ flag: word.slice(2), value: undefined });
    else {
      command.flags.push({ flag: word.slice(2), value: next });
      index += 1;
    }
  }
  return command;
}

async function argumentsOf(name: string): Promise<Record<string, ArgDef>> {
  const module = (await import(`../../cli/commands/${name}.ts`)) as Record<string, { args?: Record<string, ArgDef> }>;
  const args = module[name]?.args;
  if (args === undefined) throw new Error(`there is no command ${name}`);
  return args;
}

describe("what needs no cluster", () => {
  /** What the commands before would have put there. */
  const chartValues = `
    ports:
      web: { port: 8000, exposedPort: 80 }
      websecure: { port: 8443, exposedPort: 443 }
      mongo: { port: 27017 }
    providers: { kubernetesCRD: { ingressClass: edge } }
  `;
  const list = (items: string[]): string =>
    JSON.stringify({ apiVersion: "v1", kind: "List", items: items.map((text) => parse(text)) });
  const route = `
    apiVersion: traefik.io/v1alpha1
    kind: IngressRoute
    metadata: { name: app, namespace: shop, annotations: { kubernetes.io/ingress.class: edge }, resourceVersion: "7" }
    spec:
      entryPoints: [websecure]
      routes: [{ match: Host(\`app.example.com\`), services: [{ name: app, port: 80 }] }]
      tls: {}
  `;
  const service = `
    apiVersion: v1
    kind: Service
    metadata: { name: app, namespace: shop }
    spec: { selector: { app: app }, ports: [{ port: 80 }] }
    status: { loadBalancer: {} }
  `;

  it("runs as it is written", async () => {
    await mkdir(join(folder, "cluster"));
    await writeFile(join(folder, "traefik-values.yaml"), chartValues);
    await writeFile(join(folder, "cluster", "traefik.yaml"), list([route]));
    await writeFile(join(folder, "cluster", "kubernetes.yaml"), list([service]));

    const imported = ofSluice.find((line) => line.includes(" import ")) ?? "";
    const [, file = "", target = ""] = /import (\S+) > (\S+)$/.exec(imported) ?? [];
    const settings = await runImport({ file, cwd: folder });
    expect(settings.exitCode).toBe(0);
    await writeFile(join(folder, target), settings.stdout);

    const checked = readCommand(ofSluice.find((line) => line.includes(" check ")) ?? "");
    const config = checked.flags.find(({ flag }) => flag === "config")?.value;
    expect(config).toBe(target);
    const report = await runCheck({ dir: checked.positional[0], config, cwd: folder });
    expect(report.stdout).toContain("No problems in 2 files, 1 route");

    const explained = readCommand(ofSluice.find((line) => line.includes(" explain ")) ?? "");
    const [dir, url] = explained.positional;
    const answer = await runExplain({ dir, url, config, cwd: folder });
    expect(answer.exitCode).toBe(0);
    expect(answer.stdout).toContain("shop-app-");
  });

  it.each(values.map((text) => [text.split("\n").slice(0, 3).join(" "), text]))(
    "the chart takes %s",
    async (_, text) => {
      const file = join(folder, "values.yaml");
      await writeFile(file, text);
      const rendered = await helm("template", "sluice", CHART, "--values", `${CHART}/ci/values.yaml`, "--values", file);
      expect(rendered).toContain("kind: Deployment");
    },
  );
});
