/** What a Kubernetes Service may say of itself to whoever sends it HTTP. */
export const httpAnnotations = {
  strategy:
    "which Pod a request goes to: `wrr` (in turn, the default), `p2c`, `hrw`, `leasttime`, as in Traefik, or `drr` (in turn, fewer to Pods that fail or are slow)",
  "client-key":
    "what clients are told apart by, each of whom stays with one Pod: `address`, `header X-User`, `cookie session`; the strategy is `hrw` then",
  "health-check-path": "the path that is asked for; `/` when another of these is set",
  "health-check-mode": "`http`, or `grpc` for the health protocol of gRPC",
  "health-check-interval": "how often each Pod is probed, such as `10s`; `30s`",
  "health-check-unhealthy-interval": "how often while it does not pass; as often",
  "health-check-timeout": "how long a probe may take; `5s`",
  "health-check-port": "the port that is probed; that of the requests",
  "health-check-scheme": "`http`, `https` or `h2c`; that of the requests",
  "health-check-method": "the method; `GET`",
  "health-check-status": "the status that passes; any from 200 to 399",
  "health-check-hostname": "what `Host` says; the Pod's address",
  "passive-health-check-max-failed-attempts": "so many failed requests in a row take a Pod out; 1",
  "passive-health-check-failure-window": "within this time, and for as long; `10s`",
} as const satisfies Record<string, string>;
