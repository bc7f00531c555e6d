import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  type KubeConfigOptions,
  loadKubeConfig,
  type Surroundings,
} from "../../../sync-agent/source/cluster/load-kube-config.ts";

function directory(files: Record<string, string> = {}): string {
  const path = mkdtempSync(join(tmpdir(), "sluice-kube-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text, { mode: 0o755 });
  return path;
}

const around = (some: Partial<Surroundings> = {}): Surroundings => ({
  env: {},
  home: directory(),
  serviceAccount: directory(),
  ...some,
});

const kubeconfig = ({
  server = "https://10.1.1.1:6443",
  user = "token: abc",
  cluster = "",
  name = "test",
} = {}): string => `
apiVersion: v1
kind: Config
current-context: ${name}
clusters: [{ name: ${name}, cluster: { server: "${server}", ${cluster} } }]
contexts: [{ name: ${name}, context: { cluster: ${name}, user: ${name}, namespace: team } }]
users: [{ name: ${name}, user: { ${user} } }]
`;

test("a Pod's service account", async () => {
  const serviceAccount = directory({ token: "t1\n", "ca.crt": "CA", namespace: "mine\n" });
  const access = await loadKubeConfig({}, around({ serviceAccount, env: { KUBERNETES_SERVICE_HOST: "fd00::1" } }));
  expect(access).toMatchObject({ server: "https://[fd00::1]:443", namespace: "mine" });
  expect(await access.credentials()).toEqual({ headers: { authorization: "Bearer t1" }, tls: { ca: "CA" } });
  writeFileSync(join(serviceAccount, "token"), "t2");
  expect(await access.credentials()).toMatchObject({ headers: { authorization: "Bearer t2" } });
});

test("a kubeconfig that is named goes before the service account", async () => {
  const serviceAccount = directory({ token: "t1", "ca.crt": "CA" });
  const path = join(directory({ config: kubeconfig() }), "config");
  const env = { KUBERNETES_SERVICE_HOST: "10.0.0.1" };
  const access = await loadKubeConfig({ kubeconfig: path }, around({ serviceAccount, env }));
  expect(access).toMatchObject({ server: "https://10.1.1.1:6443", namespace: "team" });
  expect(await access.credentials()).toEqual({ headers: { authorization: "Bearer abc" }, tls: {} });
});

test("outside a cluster $KUBECONFIG with several files, the first context counting", async () => {
  const dir = directory({
    a: kubeconfig({ name: "a", server: "https://a" }),
    b: kubeconfig({ name: "b", server: "https://b" }),
  });
  const access = await loadKubeConfig({}, around({ env: { KUBECONFIG: `${join(dir, "a")}:${join(dir, "b")}` } }));
  expect(access.server).toBe("https://a");
});

test("client certificate, impersonation, proxy and server name", async () => {
  const dir = directory({
    config: kubeconfig({
      user: `client-certificate: cert, client-key-data: ${btoa("KEY")}, as: someone`,
      cluster: "proxy-url: 'http://proxy:3128', tls-server-name: api.test, insecure-skip-tls-verify: true",
    }),
    cert: "CERT",
  });
  const access = await loadKubeConfig({ kubeconfig: join(dir, "config") });
  expect(await access.credentials()).toEqual({
    headers: { "impersonate-user": "someone" },
    tls: { cert: "CERT", key: "KEY", servername: "api.test", rejectUnauthorized: false },
    proxy: "http://proxy:3128",
  });
});

test("name and password", async () => {
  const path = join(directory({ config: kubeconfig({ user: "username: a, password: b" }) }), "config");
  const access = await loadKubeConfig({ kubeconfig: path });
  expect(await access.credentials()).toMatchObject({ headers: { authorization: `Basic ${btoa("a:b")}` } });
});

test("an exec plugin is asked again when the server refuses its token, but not at each refusal", async () => {
  const dir = directory({ count: "" });
  const script = `printf x >> ${join(dir, "count")}; printf '{"status":{"token":"t%s"}}' "$(wc -c < ${join(dir, "count")} | tr -d ' ')"`;
  writeFileSync(join(dir, "plugin"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const user = `exec: { apiVersion: client.authentication.k8s.io/v1, command: "${join(dir, "plugin")}" }`;
  writeFileSync(join(dir, "config"), kubeconfig({ user }));
  const access = await loadKubeConfig({ kubeconfig: join(dir, "config") });
  const token = async (): Promise<string | undefined> => (await access.credentials()).headers.authorization;
  expect([await token(), await token()]).toEqual(["Bearer t1", "Bearer t1"]);
  access.renew();
  expect(await token()).toBe("Bearer t2");
  access.renew();
  expect(await token()).toBe("Bearer t2");
});

test("a kubeconfig that is being written when the server refuses stays what it was", async () => {
  const dir = directory({ config: kubeconfig() });
  const access = await loadKubeConfig({ kubeconfig: join(dir, "config") });
  writeFileSync(join(dir, "config"), "{ half");
  access.renew();
  expect(await access.credentials()).toMatchObject({ headers: { authorization: "Bearer abc" } });
});

describe("what cannot work", () => {
  const dir = (): string => directory({ bad: "a: [", none: "apiVersion: v1\nkind: Config\nclusters: []" });
  test.each<[name: string, options: KubeConfigOptions, message: string]>([
    ["nothing at all", {}, "There are no credentials"],
    ["a file that is not there", { kubeconfig: "nowhere" }, "nowhere cannot be read: ENOENT"],
    ["a file that is no YAML", { kubeconfig: "DIR/bad" }, "bad cannot be read"],
    ["a file without a context", { kubeconfig: "DIR/none" }, "none has no current context"],
    ["kubeconfig and endpoint", { kubeconfig: "a", endpoint: "https://a" }, "not both"],
    ["an endpoint that is no URL", { endpoint: "10.0.0.1:6443" }, "not the URL of an API server"],
    [
      "a token file that is not there",
      { endpoint: "https://a", tokenFile: "nowhere" },
      "nowhere cannot be read: ENOENT",
    ],
    ["a token file without an endpoint", { tokenFile: "a" }, "belong to an endpoint"],
  ])("%s", async (_, options, message) => {
    const { kubeconfig: file } = options;
    const given = file === undefined ? options : { ...options, kubeconfig: file.replace("DIR", dir()) };
    const error = await loadKubeConfig(given, around()).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: "KubeConfigError", message: expect.stringContaining(message) });
    expect(String(error)).not.toContain("\n");
  });
});
