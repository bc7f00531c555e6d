import { type Colors, plain } from "../print/colors.ts";
import type { EndpointsNode, ServiceNode, StickyNode } from "./service-tree.ts";

/** A service and all below it as an indented tree, with the odds of each. */
export function formatService(node: ServiceNode, colors: Colors = plain, indent = ""): string[] {
  const { name, type, status, sticky, middlewares, endpoints, children, canServe } = node;
  const what = type === "status" ? `answers ${status}` : type === "unknown" ? "does not exist" : type;
  const head = [oddsOf(node), colors.bold(name), what].filter((part) => part !== "").join("  ");
  const inner = `${indent}  `;
  return [
    `${indent}${head}${canServe ? "" : colors.red("  cannot serve")}`,
    ...(middlewares?.length ? [`${inner}behind ${middlewares.join(", ")}`] : []),
    ...(sticky ? [`${inner}${describeSticky(sticky)}`] : []),
    ...(endpoints ? endpointLines(endpoints).map((line) => `${inner}${colors.dim(line)}`) : []),
    ...children.flatMap((child) => formatService(child, colors, inner)),
  ];
}

function oddsOf({ role, weight, percent }: ServiceNode): string {
  const odds = formatPercent(percent);
  if (role === "mirror") return `mirror ${odds}`;
  if (role !== undefined) return `${role} ${odds}`;
  return weight === undefined ? odds : `${odds} (weight ${weight})`;
}

/** At most two decimals: `75 %`, `33.33 %`. */
const formatPercent = (percent: number): string => `${Math.round(percent * 100) / 100} %`;

function describeSticky({ cookie, inHeader, chooses, value, leadsTo }: StickyNode): string {
  const by = `sticky by the ${inHeader ? "header" : "cookie"} ${cookie}`;
  if (chooses === "pod") {
    const sent = value === undefined ? "" : `; the request sends ${value}`;
    return `${by}, by which the gateway finds the Pod${sent}`;
  }
  if (value === undefined) return `${by}, which the request does not send`;
  return leadsTo === undefined
    ? `${by}: ${value} names no service, so one is chosen anew`
    : `${by}: ${value} leads to ${leadsTo}`;
}

const MAX_ADDRESSES = 10;

function endpointLines({ key, addresses, clusterIp, leftToCluster }: EndpointsNode): string[] {
  if (leftToCluster) return [`endpoints ${key}: the manifests do not say, the cluster finds them by the selector`];
  const shown = addresses.slice(0, MAX_ADDRESSES).map(({ address, port, state }) => `${join(address, port)} ${state}`);
  const more = addresses.length > MAX_ADDRESSES ? [`and ${addresses.length - MAX_ADDRESSES} more`] : [];
  const last = clusterIp === undefined ? [] : [`${join(clusterIp.address, clusterIp.port)} as the last resort`];
  const all = [...shown, ...more, ...last];
  return [`endpoints ${key}: ${all.length === 0 ? "none" : all.join(", ")}`];
}

const join = (address: string, port: number): string =>
  address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
