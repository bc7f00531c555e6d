import { mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type FolderCache, readFolder } from "../../sync-agent/source/folder-source.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "folder-source-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const write = async (name: string, text: string): Promise<void> => {
  await mkdir(dirname(join(dir, name)), { recursive: true });
  await writeFile(join(dir, name), text);
};
const service = (name: string, more = ""): string =>
  `apiVersion: v1\nkind: Service\nmetadata:\n  name: ${name}\n${more}`;
const problemsIn = async () =>
  (await readFolder(dir)).problems.map(({ code, location }) => `${code} ${location.file}:${location.line}`);

describe("what is read", () => {
  test("yaml, yml and json, sub-folders, many documents, lists", async () => {
    await write("a.yaml", `${service("one")}---\n---\n${service("two", "  namespace: other\n")}`);
    await write(
      "deep/er/b.yml",
      `apiVersion: v1\nkind: List\nitems:\n  - ${service("three").replaceAll("\n", "\n    ")}\n`,
    );
    await write("c.json", JSON.stringify({ apiVersion: "v1", kind: "Service", metadata: { name: "four" } }));
    await write("notes.txt", "not: [yaml");
    await write(".git/x.yaml", "not: [yaml");
    const folder = await readFolder(dir);
    expect(folder.files).toEqual(["a.yaml", "c.json", "deep/er/b.yml"]);
    expect(folder.problems).toEqual([]);
    expect([...folder.store.list("Service")].map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)).toEqual([
      "default/four",
      "default/one",
      "default/three",
      "other/two",
    ]);
  });

  test("one file", async () => {
    await write("a.yaml", service("one"));
    await write("b.yaml", service("two"));
    expect((await readFolder(join(dir, "a.yaml"))).objects).toHaveLength(1);
  });

  test("links, also to a folder above", async () => {
    await write("real/a.yaml", service("one"));
    await symlink(dir, join(dir, "real", "loop"));
    await symlink(join(dir, "real", "a.yaml"), join(dir, "z.yaml"));
    await symlink(join(dir, "nowhere.yaml"), join(dir, "dangling.yaml"));
    const folder = await readFolder(dir);
    expect(folder.files).toEqual(["real/a.yaml", "z.yaml"]);
    expect(folder.objects).toHaveLength(1);
  });

  test.each([
    ["UTF-8 with a byte order mark", (text: string) => Buffer.from(`\ufeff${text}`)],
    [
      "UTF-16, as PowerShell writes it",
      (text: string) => Buffer.from(`\ufeff${text.replaceAll("\n", "\r\n")}`, "utf16le"),
    ],
    ["UTF-16 without a mark", (text: string) => Buffer.from(text, "utf16le")],
    ["UTF-16, the other way round", (text: string) => Buffer.from(`\ufeff${text}`, "utf16le").swap16()],
    ["UTF-16, the other way round, without a mark", (text: string) => Buffer.from(text, "utf16le").swap16()],
  ])("%s", async (_, encode) => {
    await writeFile(join(dir, "a.yaml"), encode(`${service("one")}---\n${service("two")}`));
    const { objects, problems } = await readFolder(dir);
    expect([objects.map(({ metadata }) => metadata.name), problems]).toEqual([["one", "two"], []]);
  });

  test("merge keys and anchors", async () => {
    await write("a.yaml", `${service("one")}labels: &l { a: b }\nspec:\n  <<: *l\n  c: d\n`);
    const folder = await readFolder(dir);
    expect(folder.objects[0]?.spec).toEqual({ a: "b", c: "d" });
  });

  test("kinds that route nothing are passed over without a word", async () => {
    await write(
      "a.yaml",
      "apiVersion: apps/v1\nkind: Deployment\n---\napiVersion: metallb.io/v1beta1\nkind: IPAddressPool\n",
    );
    expect(await readFolder(dir)).toMatchObject({ objects: [], problems: [] });
  });
});

describe("what is reported, with its line", () => {
  const alias = (level: number): string => `a${level}: &a${level} [${`*a${level - 1},`.repeat(9)}]\n`;
  const cases: [string, string, string[], number][] = [
    [
      "a syntax error costs only its document",
      `${service("one")}---\na: [\n---\n${service("two")}`,
      ["yaml-syntax f.yaml:6"],
      2,
    ],
    ["a tab", "a:\n\t- b\n", ["yaml-syntax f.yaml:2"], 0],
    ["the same key twice", `${service("one")}kind: Secret\n`, ["yaml-syntax f.yaml:5"], 0],
    ["an alias bomb", `a0: &a0 [x]\n${[1, 2, 3, 4, 5].map(alias).join("")}`, ["yaml-syntax f.yaml:1"], 0],
    ["an alias to what holds it", `${service("one")}spec: &s { me: *s }\n`, ["yaml-syntax f.yaml:1"], 0],
    ["nesting without end", "[".repeat(100_000), ["yaml-syntax f.yaml:1"], 0],
    [
      "a document of another form",
      "- a\n---\nfoo: 1\n---\napiVersion: 1\nkind: X\n",
      ["not-an-object f.yaml:1", "not-an-object f.yaml:3", "not-an-object f.yaml:5"],
      0,
    ],
    ["no name", "apiVersion: v1\nkind: Service\n", ["missing-name f.yaml:1"], 1],
    ["a name of another form", "apiVersion: v1\nkind: Service\nmetadata:\n  name: 12\n", ["invalid-field f.yaml:4"], 0],
    [
      "a name that no object can have",
      "apiVersion: v1\nkind: Service\nmetadata:\n  name: a/b\n",
      ["invalid-field f.yaml:4"],
      0,
    ],
    ["an annotation that is no string", service("a", "  annotations:\n    a: true\n"), ["invalid-field f.yaml:6"], 0],
    [
      "a kind of a routing group that is not read",
      "apiVersion: traefik.io/v1alpha1\nkind: IngressRoutes\n",
      ["unsupported-kind f.yaml:2"],
      0,
    ],
    ["a misspelt kind of another group", "apiVersion: v1\nkind: service\n", ["unsupported-kind f.yaml:2"], 0],
    [
      "a version that is not read",
      "apiVersion: networking.k8s.io/v2\nkind: Ingress\n",
      ["unsupported-kind f.yaml:2"],
      0,
    ],
    ["a second object of one name", `${service("a")}---\n${service("a")}`, ["duplicate-object f.yaml:6"], 1],
  ];
  test.each(cases)("%s", async (_, text, problems, objects) => {
    await write("f.yaml", text);
    expect(await problemsIn()).toEqual(problems);
    expect((await readFolder(dir)).objects).toHaveLength(objects);
  });

  test("the kind that was meant", async () => {
    await write("f.yaml", "apiVersion: traefik.io/v1alpha1\nkind: IngresRoute\n");
    expect((await readFolder(dir)).problems).toMatchObject([{ hint: "Did you mean `IngressRoute`?" }]);
  });

  test.each([
    ["v1", ["Pod", "Node", "Event", "Binding", "ServiceAccount", "ResourceQuota", "LimitRange", "PodTemplate"]],
    ["v1", ["ComponentStatus", "PersistentVolume", "PersistentVolumeClaim", "ReplicationController"]],
    ["networking.k8s.io/v1", ["NetworkPolicy", "IPAddress", "ServiceCIDR"]],
    ["extensions/v1beta1", ["Deployment", "DaemonSet", "ReplicaSet", "NetworkPolicy", "PodSecurityPolicy"]],
  ])("other kinds of %s are passed over: %j", async (apiVersion, kinds) => {
    await write("f.yaml", kinds.map((kind) => `apiVersion: ${apiVersion}\nkind: ${kind}\n`).join("---\n"));
    expect(await problemsIn()).toEqual([]);
  });

  test("bytes that are no text", async () => {
    await writeFile(join(dir, "f.yaml"), Buffer.from("a: b\0\0c"));
    expect((await readFolder(dir)).problems).toEqual([
      expect.objectContaining({ code: "file-unreadable", message: "The file cannot be read: it is not text" }),
    ]);
  });

  test.each([
    ["the last line, when the file ends too early", "a: b\nc: [d\n\n", { line: 2, column: 5, text: "c: [d" }],
    ["the last line of the document", "a: [b, c\n---\nd: e\n", { line: 1, column: 8, text: "a: [b, c" }],
    ["what is wrong within", "a: b\n  c: d\ne: f\n", { line: 1, column: 4, text: "a: b" }],
  ])("a syntax error shows %s", async (_, text, location) => {
    await write("f.yaml", text);
    const [problem] = (await readFolder(dir)).problems;
    expect(problem).toMatchObject({ code: "yaml-syntax", location });
  });

  test("an object without a name gets one from its place", async () => {
    await write("my routes.yaml", `${service("a")}---\napiVersion: v1\nkind: Service\n`);
    const folder = await readFolder(dir);
    expect(folder.store.get("Service", "default", "unnamed-my-routes-2")).toBeDefined();
  });
});

test("a folder that does not exist", async () => {
  await expect(readFolder(join(dir, "nowhere"))).rejects.toThrow("ENOENT");
});

describe("places", () => {
  const ref = { apiVersion: "v1", kind: "Service", namespace: "default", name: "a" };
  const find = async (path: (string | number)[], options = {}) => (await readFolder(dir)).locate(ref, path, options);

  test.each([
    ["a value", ["spec", "ports", 1, "port"], {}, 8, 13, "http"],
    ["a key", ["spec", "ports", 1, "port"], { key: true }, 8, 7, "port"],
    ["what is missing, by what is around it", ["spec", "ports", 1, "name", "x"], {}, 8, 7, "port: http"],
    ["a part of a string", ["spec", "rule"], { span: { offset: 5, length: 3 } }, 9, 15, "b.c"],
    ["the whole object", [], {}, 1, 1, "apiVersion: v1"],
  ])("%s", async (_, path, options, line, column, text) => {
    await write(
      "f.yaml",
      `${service("a", "spec:\n  ports:\n    - port: 80\n    - port: http\n  rule: 'Host(b.c)'\n")}`,
    );
    const place = await find(path, options);
    expect(place).toMatchObject({ file: "f.yaml", line, column });
    expect(place?.text?.slice(column - 1, column - 1 + (place.length ?? 0))).toBe(text);
  });

  test("in an item of a list, and in a file with CRLF", async () => {
    await write(
      "f.yaml",
      `apiVersion: v1\nkind: List\nitems:\n- ${service("a", "spec: x\n").replaceAll("\n", "\n  ")}`.replaceAll(
        "\n",
        "\r\n",
      ),
    );
    expect(await find(["spec"])).toMatchObject({ line: 8, column: 9, text: "  spec: x" });
  });

  test("objects from elsewhere have none", async () => {
    expect(await find([])).toBeUndefined();
  });
});

describe("reading again", () => {
  test("keeps the identity of what has not changed", async () => {
    const cache: FolderCache = new Map();
    await write("a.yaml", service("one"));
    await write("b.yaml", service("two"));
    const first = await readFolder(dir, { cache });
    await write("b.yaml", service("two", "spec: {}\n"));
    await write("c.yaml", service("three"));
    const second = await readFolder(dir, { cache });
    const get = (folder: typeof first, name: string) => folder.store.get("Service", "default", name);
    expect(get(second, "one")).toBe(get(first, "one"));
    expect(get(second, "two")?.spec).toEqual({});
    expect(get(second, "three")).toBeDefined();
    await rename(join(dir, "c.yaml"), join(dir, "d.yaml"));
    await rm(join(dir, "a.yaml"));
    const third = await readFolder(dir, { cache });
    expect(third.files).toEqual(["b.yaml", "d.yaml"]);
    expect(cache.size).toBe(2);
  });

  test("a broken file keeps what it had, when asked to", async () => {
    const cache: FolderCache = new Map();
    await write("a.yaml", `${service("one")}---\n${service("two")}`);
    await utimes(join(dir, "a.yaml"), 1, 1);
    await readFolder(dir, { cache });
    await write("a.yaml", `${service("one", "spec: {}\n")}---\nkind: [\n`);
    const kept = await readFolder(dir, { cache, keepLastGood: true });
    expect(kept.problems.map(({ code }) => code)).toEqual(["yaml-syntax"]);
    expect(kept.store.get("Service", "default", "one")?.spec).toEqual({});
    expect(kept.store.get("Service", "default", "two")).toBeDefined();
    expect((await readFolder(dir)).store.get("Service", "default", "two")).toBeUndefined();
  });

  test("what cannot be read at all keeps what it held, if it is told to", async () => {
    const cache: FolderCache = new Map();
    await write("a.yaml", service("one"));
    await readFolder(dir, { cache });
    await writeFile(join(dir, "a.yaml"), Buffer.alloc(100));
    const kept = await readFolder(dir, { cache, keepLastGood: true });
    expect(kept.problems.map(({ code }) => code)).toEqual(["file-unreadable"]);
    expect(kept.objects).toHaveLength(1);
    expect((await readFolder(dir, { cache })).objects).toEqual([]);
  });
});
