import { isScalar, isSeq, type Node, YAMLMap } from "yaml";
import { putArgument } from "./from-arguments.ts";
import type { Importer, Note } from "./importer.ts";
import { type Entry, entriesOf, itemsOf, put, scalar, textOf, valueAt } from "./nodes.ts";

/** Values of Traefik's Helm chart (https://github.com/traefik/traefik-helm-chart). */
export const chartValues: Importer = {
  form: "values of Traefik's Helm chart",
  takes: (root) =>
    entriesOf(valueAt(root, "ports")).length > 0 ||
    ["additionalArguments", "globalArguments", "ingressRoute"].some((name) => valueAt(root, name) !== undefined),
  convert(root, note) {
    const made = new YAMLMap();
    const ports = entriesOf(valueAt(root, "ports"));
    putOwnPorts(new Set(ports.map(({ key }) => key)), root, made);
    for (const { key, keyNode, value } of ports) if (!isNull(value)) convertPort(key, keyNode, value, made, note);
    for (const { key, keyNode, value } of entriesOf(valueAt(root, "providers")))
      convertProvider(key, keyNode, value, made);
    for (const name of ["globalArguments", "additionalArguments"]) {
      for (const argument of itemsOf(valueAt(root, name))) putArgument(made, argument);
    }
    for (const [name, path] of [
      ["logs.general", ["log"]],
      ["log", ["log"]],
      ["accessLog", ["accessLog"]],
      ["metrics", ["metrics"]],
      ["tracing", ["tracing"]],
      ["certificatesResolvers", ["certificatesResolvers"]],
      ["certResolvers", ["certificatesResolvers"]],
      ["experimental.plugins", ["experimental", "plugins"]],
    ] as const) {
      const value = valueAt(root, ...name.split("."));
      if (value !== undefined && entriesOf(value).length > 0) put(made, path, value);
    }
    convertAccessLog(valueAt(root, "logs", "access"), made);
    return made;
  },
};

/** Values only add to the chart's own: a file that names another port has `web` and `websecure` all the same. */
function putOwnPorts(named: ReadonlySet<string>, root: Node, made: YAMLMap): void {
  for (const name of ["web", "websecure"]) {
    if (named.has(name)) continue;
    put(made, ["entryPoints", name, "address"], scalar(`:${usualPorts[name]}`, root));
    if (name === "websecure") put(made, ["entryPoints", name, "http", "tls"], new YAMLMap(), root);
  }
}

/** What the chart has is taken away by `null`. */
const isNull = (value: Node): boolean => isScalar(value) && value.value === null;

/** The chart keeps fields under `general`, and the log off until it is `enabled`. */
function convertAccessLog(value: Node | undefined, made: YAMLMap): void {
  if (value === undefined || textOf(valueAt(value, "enabled")) !== "true") return;
  put(made, ["accessLog"], new YAMLMap(), value);
  for (const { key, keyNode, value: setting } of entriesOf(value)) {
    const lower = key.toLowerCase();
    if (lower === "enabled" || lower === "timezone") continue;
    if (lower !== "fields") put(made, ["accessLog", key], setting, keyNode);
    else for (const field of entriesOf(setting)) convertField(field, made);
  }
}

function convertField({ key, keyNode, value }: Entry, made: YAMLMap): void {
  const at = ["accessLog", "fields"];
  if (key.toLowerCase() !== "general") put(made, [...at, key], value, keyNode);
  else
    for (const { key: name, keyNode, value: setting } of entriesOf(value)) put(made, [...at, name], setting, keyNode);
}

/** What the chart adds to an entry point's own settings. */
const ofTheService = new Set([
  "port",
  "expose",
  "exposedport",
  "hostport",
  "hostip",
  "nodeport",
  "protocol",
  "containerport",
]);

function convertPort(name: string, keyNode: Node, value: Node, made: YAMLMap, note: Note): void {
  const at = (...path: string[]): string[] => ["entryPoints", name, ...path];
  const protocol = (textOf(valueAt(value, "protocol")) ?? "TCP").toLowerCase();
  // What clients use is what the Service has; a container of Traefik's may not open 80, and Sluice's need not.
  const port = valueAt(value, "exposedPort") ?? valueAt(value, "port");
  const number = textOf(port) ?? usualPorts[name];
  if (number === undefined) {
    const path = ["ports", name];
    note({ severity: "error", path, message: `port \`${name}\` has no number`, hint: "give it a `port`" }, keyNode);
    return;
  }
  const source = port ?? keyNode;
  put(made, at("address"), scalar(`:${number}${protocol === "udp" ? "/udp" : ""}`, source), source);
  for (const { key, keyNode: settingKey, value: setting } of entriesOf(value)) {
    const lower = key.toLowerCase();
    if (ofTheService.has(lower)) continue;
    if (lower === "redirectto") convertRedirect(setting, at(), made);
    else if (lower === "redirections") put(made, at("http", "redirections"), setting, settingKey);
    else if (lower === "tls") convertTls(setting, settingKey, at("http", "tls"), made);
    else if (lower === "middlewares") put(made, at("http", "middlewares"), setting, settingKey);
    else put(made, at(key), setting, settingKey);
  }
  const isExposed = textOf(valueAt(value, "nodePort")) ?? textOf(valueAt(value, "hostPort"));
  if (isExposed === undefined) return;
  const node = valueAt(value, "nodePort") ?? valueAt(value, "hostPort") ?? value;
  note(
    {
      severity: "notice",
      path: ["ports", name],
      message: `port ${isExposed} of the nodes is not opened: HTTP comes in at Cloudflare's edge`,
      hint: "for TCP and UDP the relay's Service opens the entry point's port (`relay.ports` in the chart's values)",
    },
    node,
  );
}

/** Of the chart's own values, for those that only change something else of them. */
const usualPorts: Readonly<Record<string, string>> = { web: "80", websecure: "443", traefik: "8080", metrics: "9100" };

function convertTls(value: Node, keyNode: Node, path: readonly string[], made: YAMLMap): void {
  if (textOf(valueAt(value, "enabled")) === "false") return;
  put(made, path, new YAMLMap(), keyNode);
  for (const { key, keyNode: settingKey, value: setting } of entriesOf(value)) {
    if (key.toLowerCase() !== "enabled" && !isEmpty(setting)) put(made, [...path, key], setting, settingKey);
  }
}

/** As the chart's own values are, for what nobody has set. */
const isEmpty = (value: Node): boolean =>
  textOf(value) === "" ||
  (textOf(value) === undefined && entriesOf(value).length === 0 && (!isSeq(value) || value.items.length === 0));

/** `redirectTo: websecure`, later `redirectTo: { port: websecure }`. */
function convertRedirect(redirect: Node, entryPoint: readonly string[], made: YAMLMap): void {
  const path = [...entryPoint, "http", "redirections", "entryPoint"];
  const to = textOf(redirect) === undefined ? valueAt(redirect, "port") : redirect;
  if (to === undefined) return;
  put(made, [...path, "to"], to);
  for (const name of ["permanent", "priority"]) {
    const value = valueAt(redirect, name);
    if (value !== undefined) put(made, [...path, name], value);
  }
}

function convertProvider(name: string, keyNode: Node, value: Node, made: YAMLMap): void {
  if (textOf(valueAt(value, "enabled")) === "false") return;
  put(made, ["providers", name], new YAMLMap(), keyNode);
  for (const { key, keyNode: settingKey, value: setting } of entriesOf(value)) {
    if (key.toLowerCase() === "enabled" || key.toLowerCase() === "publishedservice") continue;
    if (isEmpty(setting)) continue;
    put(made, ["providers", name, key], setting, settingKey);
  }
}
