interface RecentHost {
  readonly host: string;
  path: string;
  endpoints: readonly string[];
}

const MAX_HOSTS = 256;
/** DNS allows no longer names (RFC 1035, section 2.3.4). */
const MAX_HOST_LENGTH = 255;

/** What was asked for lately, one entry a host, so that a new snapshot's leaves for it can be read ahead. */
export class RecentHosts implements Iterable<RecentHost> {
  readonly #hosts = new Map<string, RecentHost>();

  note(host: string, path: string, endpoints: readonly string[]): void {
    const known = this.#hosts.get(host);
    if (known !== undefined) {
      known.path = path;
      known.endpoints = endpoints;
      return;
    }
    if (host.length > MAX_HOST_LENGTH) return;
    if (this.#hosts.size >= MAX_HOSTS) {
      for (const first of this.#hosts.keys()) {
        this.#hosts.delete(first);
        break;
      }
    }
    this.#hosts.set(host, { host, path, endpoints });
  }

  [Symbol.iterator](): Iterator<RecentHost> {
    return this.#hosts.values();
  }
}
