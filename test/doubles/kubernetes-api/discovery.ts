import type { Json } from "./api-object.ts";
import { apiStatus } from "./api-status.ts";
import { apiVersionOf, type ResourceKind } from "./resource-kinds.ts";

type Kinds = readonly ResourceKind[];

/** Answers what is about no object: discovery in its older form, which all clients know, OpenAPI 3, version, health. */
export function describeServer(path: string, kinds: Kinds): Json | string {
  const parts = path.split("/").filter((part) => part !== "");
  if (path === "/version") return { major: "1", minor: "32", gitVersion: "v1.32.4", platform: "linux/amd64" };
  if (["healthz", "livez", "readyz"].includes(parts[0] ?? "")) return "ok";
  if (path === "/api") return { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] };
  if (path === "/apis")
    return { kind: "APIGroupList", apiVersion: "v1", groups: groupNames(kinds).map(toGroup(kinds)) };
  if (path === "/openapi/v3") return { paths: Object.fromEntries(groupVersions(kinds).map(toOpenApiPath)) };
  if (path.startsWith("/openapi/v3/")) return openApi(parts.slice(2).join("/"), kinds);
  if (parts[0] === "apis" && parts.length === 2 && groupNames(kinds).includes(parts[1] ?? "")) {
    return { kind: "APIGroup", apiVersion: "v1", ...toGroup(kinds)(parts[1] ?? "") };
  }
  const [group, version] = parts[0] === "api" ? ["", parts[1]] : [parts[1], parts[2]];
  const served = kinds.filter((kind) => kind.group === group && kind.versions.includes(version ?? ""));
  if (!["api", "apis"].includes(parts[0] ?? "") || version === undefined || served.length === 0) {
    throw apiStatus(404, "the server could not find the requested resource");
  }
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion: apiVersionOf({ group: group ?? "" }, version),
    resources: served.flatMap(toResources),
  };
}

const groupNames = (kinds: Kinds): string[] => [...new Set(kinds.map(({ group }) => group))].filter((g) => g !== "");

const toGroup =
  (kinds: Kinds) =>
  (name: string): Json => {
    const versions = [...new Set(kinds.filter(({ group }) => group === name).flatMap((kind) => kind.versions))]
      .sort((a, b) => rank(b) - rank(a))
      .map((version) => ({ groupVersion: `${name}/${version}`, version }));
    return { name, versions, preferredVersion: versions[0] };
  };

/** v2 > v1 > v1beta2 > v1beta1 > v1alpha1, as servers sort versions. */
function rank(version: string): number {
  const [, major = "0", stage, minor = "0"] = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version) ?? [];
  return (stage === undefined ? 2e6 : stage === "beta" ? 1e6 : 0) + Number(major) * 1000 + Number(minor);
}

function toResources(kind: ResourceKind): Json[] {
  const { plural: name, namespaced, kind: kindName } = kind;
  const singularName = kindName.toLowerCase();
  const verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
  const part = { singularName: "", namespaced, verbs: ["get", "patch", "update"] };
  const resources: Json[] = [{ name, singularName, namespaced, kind: kindName, verbs }];
  if (kind.status) resources.push({ name: `${name}/status`, kind: kindName, ...part });
  if (kind.scale)
    resources.push({ name: `${name}/scale`, group: "autoscaling", version: "v1", kind: "Scale", ...part });
  return resources;
}

const groupVersions = (kinds: Kinds): string[] => [
  ...new Set(kinds.flatMap((kind) => kind.versions.map((version) => apiPath(kind, version)))),
];

const apiPath = (kind: ResourceKind, version: string): string =>
  `${kind.group === "" ? "api" : "apis"}/${apiVersionOf(kind, version)}`;

const toOpenApiPath = (path: string): [string, Json] => [path, { serverRelativeURL: `/openapi/v3/${path}` }];

/** Just what tells kubectl that the server validates fields, so that it need not: it applies nothing otherwise. */
function openApi(path: string, kinds: Kinds): Json {
  const paths: Json = {};
  for (const kind of kinds) {
    for (const version of kind.versions.filter((name) => apiPath(kind, name) === path)) {
      const scope = kind.namespaced ? "/namespaces/{namespace}" : "";
      paths[`/${path}${scope}/${kind.plural}/{name}`] = {
        patch: {
          "x-kubernetes-group-version-kind": { group: kind.group, version, kind: kind.kind },
          parameters: [{ name: "fieldValidation", in: "query", schema: { type: "string" } }],
          responses: {},
        },
      };
    }
  }
  return { openapi: "3.0.0", info: { title: "Kubernetes", version: "v1.32.4" }, paths, components: { schemas: {} } };
}
