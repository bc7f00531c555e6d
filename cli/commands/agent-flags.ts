import type { ArgsDef } from "citty";

/** The flags of `sluice agent`; each is an environment variable as well (`readFlags`). */
export const agentFlags = {
  kubeconfig: { type: "string", description: "How to reach the cluster, from outside", valueHint: "FILE" },
  endpoint: { type: "string", description: "The API server, instead of a kubeconfig", valueHint: "URL" },
  "token-file": {
    type: "string",
    description: "The bearer token for the endpoint; read again when it rotates",
    valueHint: "FILE",
  },
  "ca-file": { type: "string", description: "Who signed the endpoint's certificate", valueHint: "FILE" },
  config: { type: "string", description: "Traefik's static configuration (YAML or TOML)", valueHint: "FILE" },
  namespaces: { type: "string", description: "Only these namespaces (all)", valueHint: "a,b" },
  publisher: {
    type: "string",
    description: "Whose table this is: the Worker's PUBLISHER (default)",
    valueHint: "NAME",
  },
  "account-id": { type: "string", description: "Cloudflare's account ($CLOUDFLARE_ACCOUNT_ID)", valueHint: "ID" },
  "kv-namespace-id": { type: "string", description: "The KV namespace that the Worker reads", valueHint: "ID" },
  "api-token-file": {
    type: "string",
    description: "Cloudflare's API token ($CLOUDFLARE_API_TOKEN)",
    valueHint: "FILE",
  },
  "cloudflare-api": { type: "string", description: "Another address of Cloudflare's API", valueHint: "URL" },
  "admin-url": { type: "string", description: "The Worker's admin API, which holds the beacon", valueHint: "URL" },
  "admin-key-file": {
    type: "string",
    description: "The private JWK that signs what is asked of the admin API",
    valueHint: "FILE",
  },
  "seal-key-file": {
    type: "string",
    description: "Seals what the edge needs of Secrets: the Worker's SEAL_KEY",
    valueHint: "FILE",
  },
  feed: { type: "string", description: "Where relays read the table (0.0.0.0:9443)", valueHint: "HOST:PORT" },
  "feed-token-file": { type: "string", description: "What relays prove themselves by", valueHint: "FILE" },
  "feed-cert-file": {
    type: "string",
    description: "The feed's certificate; without one it is plain HTTP, on loopback only",
    valueHint: "FILE",
  },
  "feed-key-file": { type: "string", description: "The certificate's key", valueHint: "FILE" },
  operations: {
    type: "string",
    description: "Where /ping, /readyz and /metrics are (0.0.0.0:9090)",
    valueHint: "HOST:PORT",
  },
  lease: {
    type: "string",
    description: "The Lease by which replicas choose a leader (sluice-agent); --no-lease: lead always",
    valueHint: "NAME",
  },
  "lease-namespace": { type: "string", description: "The Lease's namespace (the agent's own)", valueHint: "NAMESPACE" },
  identity: { type: "string", description: "This replica's name (the host's)", valueHint: "NAME" },
  throttle: {
    type: "string",
    description: "What a burst of changes waits for; endpoints that leave never wait (2s, or what --config says)",
    valueHint: "DURATION",
  },
  "max-loss": {
    type: "string",
    description: "Percent of routes or services that may go in one step (50)",
    valueHint: "PERCENT",
  },
  "allow-loss": { type: "boolean", description: "Publish however much would go" },
  worker: { type: "string", description: "The Worker's name, for its hosts (sluice)", valueHint: "NAME" },
  "manage-hosts": {
    type: "boolean",
    description: "Attach the hosts of routes to the Worker as custom domains, and detach own ones",
  },
  status: {
    type: "boolean",
    description: "Write statuses and Events",
    negativeDescription: "Write no statuses and Events",
  },
  "status-address": { type: "string", description: "Where clients find the Worker, for statuses", valueHint: "HOST" },
  "dry-run": { type: "boolean", description: "Print what would be published, and exit" },
  "log-level": { type: "string", description: "debug, info, warn or error (info)", valueHint: "LEVEL" },
} as const satisfies ArgsDef;
