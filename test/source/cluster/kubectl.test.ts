import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { KubernetesApi } from "../../doubles/kubernetes-api/kubernetes-api.ts";
import { followNew, names } from "./follow-cluster.ts";

const run = promisify(execFile);

const kubectl = (api: KubernetesApi, ...args: string[]): Promise<unknown> =>
  run("kubectl", ["--kubeconfig", api.kubeconfigPath(), ...args]);

test("what kubectl applies, patches, replaces and deletes is followed, over TLS and with a token", async () => {
  const { api, source, until } = await followNew({ tls: true, requireToken: true });
  await source.synced;
  await kubectl(api, "apply", "-f", "examples/canary");
  await until(() => names(source, "IngressRoute").length > 0 && names(source, "Service").length > 1);
  const [name = ""] = names(source, "IngressRoute").map((path) => path.split("/")[1] ?? "");
  const before = source.objects.get("IngressRoute", "default", name);
  expect(JSON.stringify(before)).not.toMatch(/last-applied|managedFields/);
  const patch = '[{"op":"replace","path":"/spec/routes/0/match","value":"Host(`patched.test`)"}]';
  await kubectl(api, "patch", "ingressroutes.traefik.io", name, "--type", "json", "-p", patch);
  await until(() => JSON.stringify(source.objects.get("IngressRoute", "default", name)).includes("patched.test"));
  expect(before).not.toBe(source.objects.get("IngressRoute", "default", name));
  await kubectl(api, "annotate", "ingressroutes.traefik.io", name, "mine=x");
  await until(() => source.objects.get("IngressRoute", "default", name)?.metadata.annotations?.mine === "x");
  await kubectl(api, "delete", "-f", "examples/canary", "--wait=false");
  await until(() => names(source, "IngressRoute").length === 0 && names(source, "Service").length === 0);
});
