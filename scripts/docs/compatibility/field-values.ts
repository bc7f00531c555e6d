import type { CrdField } from "./crd-fields.ts";

/**
 * Values to try a field with, those of its type. What a text has to look like is not known of it, so that all kinds of
 * texts are tried: the names of what there is to refer to, durations, addresses, rules and so on.
 */
export function valuesFor({ types, values }: Pick<CrdField, "types" | "values">): readonly unknown[] {
  if (values.length > 0) return values;
  const any = types.length === 0;
  return [
    ...(any || types.includes("boolean") ? [true, false] : []),
    ...(any || types.includes("integer") || types.includes("number") ? numbers : []),
    ...(any || types.includes("string") ? texts : []),
    ...(any || types.includes("object") ? [{}, { name: "other" }] : []),
    ...(any || types.includes("array") ? [[]] : []),
  ];
}

const numbers = [7, 1, 2, 0, -1, 53, 54, 81, 443, 9443, 9000, 301, 500];

const texts = [
  "other",
  "/other",
  "7s",
  "7",
  "10.7.0.0/16",
  "other.example",
  "http://other.example",
  "https",
  "500-599",
  "POST",
  "^other(.*)$",
  "Host(`other.example`)",
  "HostSNI(`other.example`)",
  "NetworkErrorRatio() > 0.7",
  "v2",
  "grpc",
  "websecure",
  "tcp",
  "other-udp",
  "other-digest",
  "other-key",
  "RegularExpression",
  "VersionTLS13",
  "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
  "CurveP384",
  "X-Other",
  "Permanent",
  "Service",
  "TraefikService",
  "Secret",
  "System",
  "Gateway",
  "gateway.networking.k8s.io",
  "NotIn",
  "TCP",
  "true",
  "false",
  "lax",
  "Path",
  "default-other@kubernetescrd",
  "spiffe://other.example/other",
  "web",
  "",
];
