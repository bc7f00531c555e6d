import { type Node, YAMLMap } from "yaml";
import type { Importer, Note } from "./importer.ts";
import { entriesOf, itemsOf, put, scalar, textOf, valueAt } from "./nodes.ts";

type Path = readonly string[];

/** Settings that have another name today (https://doc.traefik.io/traefik/migrate/v1-to-v2/). */
const renamed: Readonly<Record<string, Path>> = {
  accesslogsfile: ["accessLog", "filePath"],
  checknewversion: ["global", "checkNewVersion"],
  forwardingtimeouts: ["serversTransport", "forwardingTimeouts"],
  insecureskipverify: ["serversTransport", "insecureSkipVerify"],
  loglevel: ["log", "level"],
  maxidleconnsperhost: ["serversTransport", "maxIdleConnsPerHost"],
  providersthrottleduration: ["providers", "providersThrottleDuration"],
  rootcas: ["serversTransport", "rootCAs"],
  sendanonymoususage: ["global", "sendAnonymousUsage"],
  traefiklog: ["log"],
  traefiklogsfile: ["log", "filePath"],
};

/** Settings that were one for all entry points and are each entry point's own today. */
const ofEveryEntryPoint: Readonly<Record<string, Path>> = {
  gracetimeout: ["transport", "lifeCycle", "graceTimeOut"],
  lifecycle: ["transport", "lifeCycle"],
  idletimeout: ["transport", "respondingTimeouts", "idleTimeout"],
  respondingtimeouts: ["transport", "respondingTimeouts"],
};

/** Settings that have gone, with what takes their place. */
const gone: Readonly<Record<string, string>> = {
  acme: "certificates for the edge's hosts come from Cloudflare; for the relay name a Secret in the route's `tls`",
  allowminweightzero: "nothing to do: a weight of 0 means no traffic",
  api: "the edge has an admin API of its own (docs/deploy.md)",
  constraints: "select objects by `labelSelector`",
  debug: "set `--log-level debug` on the agent and the relay",
  healthcheck: "set it for each service",
  retry: "make a Middleware with `retry` and name it in the routes",
  web: "the edge has an admin API of its own (docs/deploy.md)",
};

const providers: ReadonlySet<string> = new Set(
  ["docker", "file", "consul", "consulCatalog", "etcd", "zookeeper", "marathon", "mesos", "rancher", "ecs", "rest"].map(
    (name) => name.toLowerCase(),
  ),
);

/** What an entry point could do by itself and a Middleware does today; by the name of then. */
const asMiddleware: Readonly<Record<string, string>> = {
  "auth.basic": "basicAuth",
  "auth.digest": "digestAuth",
  "auth.forward": "forwardAuth",
  compress: "compress",
  "redirect.regex": "redirectRegex",
  whitelist: "ipAllowList",
  whitelistsourcerange: "ipAllowList",
};

/** Traefik 1.x's file. */
export const version1: Importer = {
  form: "the configuration of Traefik 1.x",
  takes: (root) =>
    entriesOf(root).some(({ key }) =>
      ["defaultentrypoints", "kubernetes", "traefiklog", "loglevel"].includes(key.toLowerCase()),
    ) ||
    entriesOf(valueAt(root, "entryPoints")).some(({ value }) =>
      ["compress", "redirect", "auth", "whitelist", "tls"].some((name) => valueAt(value, name) !== undefined),
    ),
  convert(root, note) {
    const made = new YAMLMap();
    const entryPoints = valueAt(root, "entryPoints");
    for (const { key, keyNode, value } of entriesOf(entryPoints)) {
      convertEntryPoint(key, value, made, note);
      for (const entry of entriesOf(root)) {
        const path = ofEveryEntryPoint[entry.key.toLowerCase()];
        if (path !== undefined) put(made, ["entryPoints", key, ...path], entry.value, entry.keyNode);
      }
      if (valueAt(made, "entryPoints", key) === undefined) put(made, ["entryPoints", key], new YAMLMap(), keyNode);
    }
    for (const entry of entriesOf(root)) convertSetting(entry.key, entry.keyNode, entry.value, made, note);
    return made;
  },
};

function convertSetting(key: string, keyNode: Node, value: Node, made: YAMLMap, note: Note): void {
  const name = key.toLowerCase();
  const path = renamed[name];
  const instead = gone[name];
  if (name === "entrypoints" || ofEveryEntryPoint[name] !== undefined) return;
  if (name === "defaultentrypoints") {
    for (const item of itemsOf(value)) {
      const entryPoint = textOf(item);
      if (entryPoint !== undefined) put(made, ["entryPoints", entryPoint, "asDefault"], scalar(true, item), item);
    }
  } else if (name === "accesslog") convertAccessLog(value, keyNode, made);
  else if (name === "kubernetes") convertKubernetes(value, made, note);
  else if (path !== undefined) {
    const entries = entriesOf(value);
    if (entries.length === 0) put(made, path, value, keyNode);
    for (const entry of entries) put(made, [...path, entry.key], entry.value, entry.keyNode);
  } else if (instead !== undefined) {
    const severity = instead.startsWith("nothing") ? "notice" : "warning";
    note({ severity, path: [key], message: `\`${key}\` has no equivalent`, hint: instead }, keyNode);
  } else put(made, providers.has(name) ? ["providers", key] : [key], value, keyNode);
}

/** Fields of the access log by their names of then. */
const renamedFields: Readonly<Record<string, string>> = {
  backendaddr: "ServiceAddr",
  backendname: "ServiceName",
  backendurl: "ServiceURL",
  frontendname: "RouterName",
};

function convertAccessLog(value: Node, keyNode: Node, made: YAMLMap): void {
  put(made, ["accessLog"], value, keyNode);
  const names = valueAt(value, "fields", "names");
  if (names === undefined) return;
  const today = new YAMLMap();
  for (const { key, keyNode: at, value: mode } of entriesOf(names)) {
    put(today, [renamedFields[key.toLowerCase()] ?? key], mode, at);
  }
  put(made, ["accessLog", "fields", "names"], today, names);
}

function convertKubernetes(value: Node, made: YAMLMap, note: Note): void {
  const same = ["namespaces", "labelSelector", "ingressClass", "throttleDuration"];
  put(made, ["providers", "kubernetesIngress"], new YAMLMap(), value);
  const hints: Readonly<Record<string, string>> = {
    certauthfilepath: "the agent takes it as `--ca-file`, or from a kubeconfig",
    disablepasshostheaders: 'set the annotation `traefik.ingress.kubernetes.io/service.passhostheader: "false"`',
    endpoint: "the agent takes it as `--endpoint`, or from a kubeconfig; in the cluster it needs none",
    enablepasstlscert: "make a Middleware with `passTLSClientCert` and name it in the routes",
    token: "the agent takes it as `--token-file`, or from a kubeconfig; in the cluster it needs none",
    ingressendpoint: "the agent writes the addresses of Ingresses: see its flags",
  };
  for (const entry of entriesOf(value)) {
    const name = same.find((one) => one.toLowerCase() === entry.key.toLowerCase());
    if (name !== undefined) put(made, ["providers", "kubernetesIngress", name], entry.value, entry.keyNode);
    else {
      const hint = hints[entry.key.toLowerCase()] ?? "leave it out";
      const path = ["kubernetes", entry.key];
      note({ severity: "warning", path, message: `\`${path.join(".")}\` has no equivalent`, hint }, entry.keyNode);
    }
  }
}

function convertEntryPoint(name: string, value: Node, made: YAMLMap, note: Note): void {
  const at = (...path: string[]): string[] => ["entryPoints", name, ...path];
  const useMiddleware = (old: string, node: Node): void => {
    const type = asMiddleware[old];
    note(
      {
        severity: "warning",
        path: at(...old.split(".")),
        message: `\`${old}\` of an entry point has no equivalent there`,
        hint: `make a Middleware with \`${type}\` and name it in \`${at("http", "middlewares").join(".")}\``,
      },
      node,
    );
  };
  for (const { key, keyNode, value: setting } of entriesOf(value)) {
    switch (key.toLowerCase()) {
      case "address":
      case "proxyprotocol":
      case "forwardedheaders":
        put(made, at(key), setting, keyNode);
        break;
      case "compress":
        if (textOf(setting) === "true") useMiddleware("compress", keyNode);
        break;
      case "tls":
        put(made, at("http", "tls"), new YAMLMap(), keyNode);
        for (const entry of entriesOf(setting)) {
          const path = at("tls", entry.key);
          const hint =
            entry.key.toLowerCase() === "certificates"
              ? "certificates come from Cloudflare, or from a Secret that a route of the relay names"
              : "for the relay make a TLSOption; for the edge set it at Cloudflare";
          note({ severity: "warning", path, message: `\`${path.join(".")}\` has no equivalent`, hint }, entry.keyNode);
        }
        break;
      case "redirect":
        convertRedirect(setting, at("http", "redirections", "entryPoint"), made, useMiddleware);
        break;
      case "auth":
        for (const kind of ["basic", "digest", "forward"]) {
          const found = valueAt(setting, kind);
          if (found !== undefined) useMiddleware(`auth.${kind}`, found);
        }
        break;
      case "whitelist":
      case "whitelistsourcerange":
        useMiddleware(key.toLowerCase(), keyNode);
        break;
      default:
        put(made, at(key), setting, keyNode);
    }
  }
}

function convertRedirect(
  redirect: Node,
  path: Path,
  made: YAMLMap,
  useMiddleware: (old: string, node: Node) => void,
): void {
  const to = valueAt(redirect, "entryPoint");
  const regex = valueAt(redirect, "regex");
  if (regex !== undefined) useMiddleware("redirect.regex", regex);
  if (to === undefined) return;
  put(made, [...path, "to"], to);
  // It was temporary unless said otherwise, and is permanent unless said otherwise today.
  put(made, [...path, "permanent"], valueAt(redirect, "permanent") ?? scalar(false, to));
}
