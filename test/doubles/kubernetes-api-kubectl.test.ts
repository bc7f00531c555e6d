import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type KubernetesApi, startKubernetesApi } from "./kubernetes-api/kubernetes-api.ts";
import { Kubectl } from "./kubernetes-api/run-kubectl.ts";

let api: KubernetesApi;
let kubectl: Kubectl;
const open = async (options = {}) => {
  api = await startKubernetesApi(options);
  kubectl = new Kubectl(api.kubeconfigPath());
};
const close = async () => {
  await kubectl.close();
  await api.close();
};

const service = { apiVersion: "v1", kind: "Service" };
const web = `
apiVersion: v1
kind: Service
metadata: { name: web, labels: { app: web } }
spec:
  selector: { app: web }
  ports:
    - { name: http, port: 80, targetPort: 8080 }
    - { name: admin, port: 81 }
`;
const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web, image: "web:1" }] }
`;
const middleware = (prefix: string) => `
apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata: { name: strip }
spec: { stripPrefix: { prefixes: [${prefix}] } }
`;

/** Fails with what kubectl said when it does not succeed. */
async function ok(args: string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await kubectl.run(args, input);
  expect(`${code} ${stderr}`.trim()).toBe("0");
  return stdout.trim();
}

describe("kubectl", () => {
  beforeEach(() => open());
  afterEach(close);

  test.each(["canary", "failover", "chain", "cross-namespace/manifests"])(
    "applies the example %s, twice",
    async (example) => {
      const first = await ok(["apply", "-f", `examples/${example}`]);
      expect(first).toMatch(/ created$/m);
      const again = await ok(["apply", "-f", `examples/${example}`]);
      expect(again.split("\n").filter((line) => !line.endsWith(" unchanged"))).toEqual([]);
      expect(again.split("\n")).toHaveLength(first.split("\n").length);
    },
  );

  test("applies changes of built-in and of custom kinds, and what was left out is gone", async () => {
    await ok(["apply", "-f", "-"], `${web}---${middleware("/a")}`);
    const changed = `${web.replace(/ {4}- \{ name: admin.*\n/, "").replace("targetPort: 8080", "targetPort: 9090")}---`;
    const said = await ok(["apply", "-f", "-"], changed + middleware("/b"));
    expect(said.split("\n").sort()).toEqual(["middleware.traefik.io/strip configured", "service/web configured"]);
    expect(api.get(service, "web")).toMatchObject({ spec: { ports: [{ name: "http", port: 80, targetPort: 9090 }] } });
    expect(api.get({ apiVersion: "traefik.io/v1alpha1", kind: "Middleware" }, "strip")).toMatchObject({
      spec: { stripPrefix: { prefixes: ["/b"] } },
      metadata: { generation: 2 },
    });
  });

  test("gets, in YAML and by selectors, and says what is not found", async () => {
    await ok(["apply", "-f", "-"], web);
    expect(await ok(["get", "service", "web", "-o", "yaml"])).toMatch(/^apiVersion: v1\nkind: Service\n/m);
    expect(await ok(["get", "services", "-A", "-l", "app=web", "-o", "name"])).toBe("service/web");
    expect(await ok(["get", "services", "-l", "app in (x)", "-o", "name"])).toBe("");
    const { code, stderr } = await kubectl.run(["get", "service", "nothing"]);
    expect([code, stderr]).toEqual([1, 'Error from server (NotFound): services "nothing" not found\n']);
  });

  test("watches", async () => {
    await ok(["apply", "-f", "-"], web);
    const lines = kubectl.follow(["get", "services", "-w", "--output-watch-events", "-o", "name"]);
    expect((await lines.next()).value).toMatch(/service\/web/);
    await api.until(() => api.watches("services").length === 1);
    api.apply({ ...service, metadata: { name: "second" } });
    expect((await lines.next()).value).toMatch(/service\/second/);
    api.delete(service, "web");
    expect((await lines.next()).value).toMatch(/service\/web/);
  });

  test.each([
    ["merge", { spec: { ports: [{ port: 90 }] } }, [{ port: 90 }]],
    ["strategic", { spec: { ports: [{ port: 80, targetPort: 1 }] } }, [{ port: 80, targetPort: 1 }, { port: 81 }]],
    ["strategic", { spec: { ports: [{ port: 80, $patch: "delete" }] } }, [{ port: 81 }]],
    ["json", [{ op: "remove", path: "/spec/ports/0" }], [{ port: 81 }]],
  ])("patches by %s %j", async (type, patch, ports) => {
    await ok(["apply", "-f", "-"], web);
    await ok(["patch", "service", "web", "--type", type, "-p", JSON.stringify(patch)]);
    const spec = api.get(service, "web")?.spec as { ports: unknown[] };
    expect(spec.ports).toMatchObject(ports);
    expect(spec.ports).toHaveLength(ports.length);
  });

  test("cannot merge custom kinds strategically", async () => {
    await ok(["apply", "-f", "-"], middleware("/a"));
    const { stderr } = await kubectl.run(["patch", "middleware", "strip", "--type", "strategic", "-p", '{"spec":{}}']);
    expect(stderr).toMatch(/UnsupportedMediaType|application\/strategic-merge-patch\+json is not/);
  });

  test("deletes, and waits for what is gone", async () => {
    await ok(["apply", "-f", "-"], web);
    expect(await ok(["delete", "service", "web"])).toMatch(/^service "web" deleted/);
    expect(api.list(service)).toEqual([]);
    await ok(["apply", "-f", "-"], web);
    const waited = ok(["wait", "--for=delete", "service/web", "--timeout=20s"]);
    await api.until(() => api.watches("services").length === 1);
    api.delete(service, "web");
    expect(await waited).toBe("service/web condition met");
  });

  test("waits for a condition", async () => {
    await ok(["apply", "-f", "-"], deployment);
    const waited = ok(["wait", "--for=condition=Available", "deployment/web", "--timeout=20s"]);
    await api.until(() => api.watches("deployments").length === 1);
    const stored = api.get({ apiVersion: "apps/v1", kind: "Deployment" }, "web");
    expect(stored).toBeDefined();
    const status = { conditions: [{ type: "Available", status: "True" }] };
    api.apply({ ...(stored ?? service), metadata: { name: "web" }, ...{ status } });
    expect(await waited).toBe("deployment.apps/web condition met");
  });

  test("scales, labels and restarts a Deployment", async () => {
    const kind = { apiVersion: "apps/v1", kind: "Deployment" };
    await ok(["apply", "-f", "-"], deployment);
    await ok(["scale", "deployment", "web", "--replicas=5"]);
    expect(api.get(kind, "web")).toMatchObject({ spec: { replicas: 5 }, metadata: { generation: 2 } });
    await ok(["label", "deployment", "web", "tier=edge"]);
    expect(api.get(kind, "web")?.metadata).toMatchObject({ labels: { tier: "edge" }, generation: 2 });
    await ok(["rollout", "restart", "deployment/web"]);
    expect(api.get(kind, "web")).toMatchObject({ spec: { template: { spec: { containers: [{ image: "web:1" }] } } } });
    expect(api.get(kind, "web")?.metadata.generation).toBe(3);
    const { stderr } = await kubectl.run(["scale", "deployment", "web", "--replicas=1", "--current-replicas=2"]);
    expect(stderr).toMatch(/Expected replicas to be 2, was 5/);
  });

  test("applies on the server's side, and meets what another manager owns", async () => {
    const apply = ["apply", "--server-side", "-f", "-"];
    expect(await ok(apply, `${web}---${middleware("/a")}`)).toMatch(/serverside-applied/);
    expect(await ok(apply, web.replace(/ {4}- \{ name: admin.*\n/, ""))).toBe("service/web serverside-applied");
    expect(api.get(service, "web")?.spec).toMatchObject({ ports: [{ name: "http", port: 80, targetPort: 8080 }] });
    const { code, stderr } = await kubectl.run([...apply, "--field-manager=other"], middleware("/b"));
    expect(code).toBe(1);
    expect(stderr).toMatch(/conflict with "kubectl".*spec\.stripPrefix\.prefixes/s);
    await ok([...apply, "--field-manager=other", "--force-conflicts"], middleware("/b"));
    const stored = api.get({ apiVersion: "traefik.io/v1alpha1", kind: "Middleware" }, "strip");
    expect(stored?.spec).toEqual({ stripPrefix: { prefixes: ["/b"] } });
    expect(stored?.metadata.managedFields?.map(({ manager }) => manager)).toEqual(["other"]);
  });

  test("writes a status by its subresource", async () => {
    const gateway = "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: edge}\nspec: {}\n";
    await ok(["apply", "-f", "-"], gateway);
    const patch = JSON.stringify({ status: { addresses: [{ value: "a" }] } });
    await ok(["patch", "gateway", "edge", "--subresource=status", "--type=merge", "-p", patch]);
    expect(await ok(["get", "gateway", "edge", "-o", "jsonpath={.status.addresses[0].value}"])).toBe("a");
  });
});

test("kubectl speaks TLS to it, with the token of the kubeconfig", async () => {
  await open({ tls: true, requireToken: true });
  await ok(["apply", "-f", "-"], web);
  expect(await ok(["get", "services", "-o", "name"])).toBe("service/web");
  api.rotateToken();
  expect((await kubectl.run(["get", "services"])).stderr).toMatch(/Unauthorized|logged in/);
  await close();
});
