import { describe, expect, it } from "vitest";
import { CHART, find, helm, render } from "./helm.ts";

const port = (name: string, number: number) => `relay.ports.${name}.port=${number}`;

describe("values that do not fit each other are refused", () => {
  it.each([
    ["a port that the gateway has", [port("a", 8080)], "relay.ports.a: port 8080"],
    ["a port that metrics have", [port("a", 9091)], "relay.ports.a: port 9091"],
    ["a port twice", [port("a", 1000), port("b", 1000)], "relay.ports.b: port 1000"],
    [
      "a port of the Service twice",
      [port("a", 1000), port("b", 1001), "relay.ports.b.exposedPort=1000"],
      "relay.ports.b: port 1000 of the Service",
    ],
    ["a name of digits", [port("53", 53)], "relay.ports.53:"],
    ["a name with two hyphens in a row", [port("a--b", 53)], "relay.ports.a--b:"],
    ["a name with a capital", [port("webSecure", 99)], "relay.ports.webSecure:"],
    ["a name that the relay has", [port("gateway", 99)], "relay.ports.gateway:"],
    ["a name that is too long for a port", [port("a-very-long-name", 99)], "relay.ports.a-very-long-name:"],
    ["gRPC over UDP", [port("a", 99), "relay.ports.a.protocol=UDP", "relay.ports.a.grpc=true"], "UDP"],
    ["a grace that the Pod does not have", ["relay.grace=1m30s"], "may need 95 s to stop"],
    ["a pause that leaves no grace", ["relay.preStopSeconds=30"], "may need 60 s to stop"],
    [
      "keys of one kid",
      [0, 1].flatMap((index) => [
        `relay.hopKeys[${index}].kid=one`,
        `relay.hopKeys[${index}].kty=OKP`,
        `relay.hopKeys[${index}].crv=Ed25519`,
        `relay.hopKeys[${index}].x=11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHUR${index}`,
      ]),
      "two keys have the kid one",
    ],
    ["nothing where something has to be", ["relay.spiffe=null"], "spiffe"],
    ["no memory where a program is sized by it", ["agent.resources=null"], "resources"],
  ])("%s", async (_, values, message) => {
    await expect(render(...values)).rejects.toThrow(message);
  });

  it("a cluster whose Pods cannot pause before they stop", async () => {
    const version = (text: string) =>
      helm("template", "sluice", CHART, "--values", `${CHART}/ci/values.yaml`, "--kube-version", text);
    await expect(version("1.29.9")).rejects.toThrow("kubeVersion");
    await expect(version("1.30.0")).resolves.toContain("preStop");
  });
});

describe("values that fit are taken", () => {
  it.each([
    ["TCP and UDP at one port", [port("dns", 53), port("dns-udp", 53), "relay.ports.dns-udp.protocol=UDP"]],
    ["as much grace as fits", ["relay.grace=54s"]],
    [
      "those of a release that had no others",
      [
        "feed=null",
        "listenAddress=null",
        "relay.preStopSeconds=null",
        "relay.cacheSize=null",
        "serviceMonitor.labels=null",
      ],
    ],
  ])("%s", async (_, values) => {
    await expect(render(...values)).resolves.not.toEqual([]);
  });
});

it("no Service's name is longer than 63 characters, however long the release's is", async () => {
  const release = "my-own-sluice-installation-for-the-production-cluster";
  expect(release).toHaveLength(53);
  const text = await helm(
    "template",
    release,
    CHART,
    "--values",
    `${CHART}/ci/values.yaml`,
    "--set",
    port("mongo", 27_017),
  );
  const names = [...text.matchAll(/^ {2}name: (\S+)$/gm)].map(([, name = ""]) => name);
  expect(names.filter((name) => name.endsWith("-relay-operations"))).toHaveLength(1);
  expect(names.filter((name) => name.length > 63)).toEqual([]);
});

describe("the tunnel", () => {
  it("is replaced only by Pods that are connected, and has the time that cloudflared takes to end", async () => {
    const tunnel = find(await render("tunnel.enabled=true"), "Deployment/sluice-tunnel");
    expect(tunnel.spec).toMatchObject({
      strategy: { rollingUpdate: { maxUnavailable: 0 } },
      template: {
        spec: {
          terminationGracePeriodSeconds: 40,
          containers: [
            {
              args: expect.arrayContaining(["--protocol", "quic", "--grace-period", "30s"]),
              readinessProbe: { httpGet: { path: "/ready", port: "metrics" } },
            },
          ],
        },
      },
    });
  });

  it("is pulled and placed as the others are", async () => {
    const values = ["imagePullSecrets[0].name=registry", "tunnel.nodeSelector.pool=edge"];
    const tunnel = find(await render("tunnel.enabled=true", ...values), "Deployment/sluice-tunnel");
    expect(tunnel.spec).toMatchObject({
      template: { spec: { imagePullSecrets: [{ name: "registry" }], nodeSelector: { pool: "edge" } } },
    });
  });

  it("may be one of another namespace, where a policy lets it in", async () => {
    const peer = "networkPolicy.gatewayFrom[0].namespaceSelector.matchLabels.name=cloudflared";
    const policy = find(await render(peer), "NetworkPolicy/sluice-relay").spec as { ingress: unknown[] };
    expect(policy.ingress[0]).toEqual({
      from: [{ podSelector: {} }, { namespaceSelector: { matchLabels: { name: "cloudflared" } } }],
      ports: [{ port: "gateway" }],
    });
  });
});

it("a feed's Secret of one's own is used, and none is made", async () => {
  const objects = await render("feed.existingSecret=mine");
  expect(objects.filter(({ kind }) => kind === "Secret")).toEqual([]);
  for (const ref of ["Deployment/sluice-agent", "Deployment/sluice-relay"]) {
    expect(JSON.stringify(find(objects, ref).spec)).toContain('"secretName":"mine"');
  }
});

it("programs listen without IPv6 where nodes have none", async () => {
  const text = JSON.stringify(await render("listenAddress=0.0.0.0", "tunnel.enabled=true"));
  expect(text).not.toContain("[::]");
  for (const place of ["feed=0.0.0.0:9443", "operations=0.0.0.0:9090", "gateway=0.0.0.0:8080", "0.0.0.0:2000"]) {
    expect(text).toContain(place);
  }
});

it.each([
  ["512M", 366],
  ["1G", 715],
  ["400000Ki", 292],
  ["536870912", 384],
])("a memory limit of %s is known in MiB", async (limit, mib) => {
  const agent = find(await render(`agent.resources.limits.memory=${limit}`), "Deployment/sluice-agent");
  expect(JSON.stringify(agent.spec)).toContain(`--max-old-space-size=${mib}"`);
});
