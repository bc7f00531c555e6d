import { MAX_LEAF_BYTES } from "./leaf-keys.ts";
import type { Fragment, RouteUnit } from "./route-unit.ts";

const EMPTY_ROUTE_LEAF_BYTES = '{"middlewares":{},"routers":[],"services":{}}'.length;
const EMPTY_ENDPOINT_LEAF_BYTES = '{"endpoints":{}}'.length;

/** A route leaf while it fills. What several of its routers refer to is held and counted once. */
export class LeafDraft {
  /** UTF-8 bytes of the leaf's text, or up to two more. */
  bytes = EMPTY_ROUTE_LEAF_BYTES;
  readonly #units = new Set<RouteUnit>();
  readonly #services = new Set<Fragment>();
  readonly #middlewares = new Set<Fragment>();

  get isEmpty(): boolean {
    return this.#units.size === 0;
  }

  /** @returns the bytes by which `unit` would make the leaf grow */
  costOf(unit: RouteUnit): number {
    if (this.#units.has(unit)) return 0;
    let bytes = unit.bytes + 1;
    for (const service of unit.services) if (!this.#services.has(service)) bytes += service.bytes + 1;
    for (const middleware of unit.middlewares) if (!this.#middlewares.has(middleware)) bytes += middleware.bytes + 1;
    return bytes;
  }

  add(unit: RouteUnit): void {
    this.bytes += this.costOf(unit);
    this.#units.add(unit);
    for (const service of unit.services) this.#services.add(service);
    for (const middleware of unit.middlewares) this.#middlewares.add(middleware);
  }

  /** @returns the leaf as canonical JSON */
  text(): string {
    const routers = [...this.#units].sort(byName).map((unit) => unit.text);
    return `{"middlewares":{${joinFragments(this.#middlewares)}},"routers":[${routers.join(",")}],"services":{${joinFragments(this.#services)}}}`;
  }
}

/** @returns the texts of as few leaves as hold all units when filled in the order of the routers' names */
export function packRoutes(units: Iterable<RouteUnit>): string[] {
  const texts: string[] = [];
  let draft = new LeafDraft();
  for (const unit of [...new Set(units)].sort(byName)) {
    if (!draft.isEmpty && draft.bytes + draft.costOf(unit) > MAX_LEAF_BYTES) {
      texts.push(draft.text());
      draft = new LeafDraft();
    }
    draft.add(unit);
  }
  if (!draft.isEmpty) texts.push(draft.text());
  return texts;
}

/** @returns the texts of as few leaves as hold all endpoint entries when filled in the order of their names */
export function packEndpoints(entries: readonly Fragment[]): string[] {
  const texts: string[] = [];
  let held: Fragment[] = [];
  let bytes = EMPTY_ENDPOINT_LEAF_BYTES;
  for (const entry of [...entries].sort((a, b) => compare(a.name, b.name))) {
    if (held.length > 0 && bytes + entry.bytes + 1 > MAX_LEAF_BYTES) {
      texts.push(`{"endpoints":{${joinFragments(held)}}}`);
      held = [];
      bytes = EMPTY_ENDPOINT_LEAF_BYTES;
    }
    held.push(entry);
    bytes += entry.bytes + 1;
  }
  if (held.length > 0) texts.push(`{"endpoints":{${joinFragments(held)}}}`);
  return texts;
}

/** Whether an entry fits into a leaf of its own. */
export const fitsEndpointLeaf = (entry: Fragment): boolean =>
  EMPTY_ENDPOINT_LEAF_BYTES + entry.bytes + 1 <= MAX_LEAF_BYTES;

/** Whether a router with what it refers to fits into a leaf of its own. */
export const fitsRouteLeaf = (unit: RouteUnit): boolean =>
  EMPTY_ROUTE_LEAF_BYTES + new LeafDraft().costOf(unit) <= MAX_LEAF_BYTES;

/** The bytes that a leaf has left beside a router without references. */
export const roomBeside = ({ bytes }: RouteUnit): number => MAX_LEAF_BYTES - EMPTY_ROUTE_LEAF_BYTES - bytes - 1;

/** The bytes of a router with what it refers to, without what a leaf adds. */
export const bytesOfUnit = ({ bytes, services, middlewares }: RouteUnit): number =>
  [...services, ...middlewares].reduce((sum, fragment) => sum + fragment.bytes, bytes);

function joinFragments(fragments: Iterable<Fragment>): string {
  return [...fragments]
    .sort((a, b) => compare(a.name, b.name))
    .map((fragment) => fragment.text)
    .join(",");
}

/** A router that is closed in parts has one name for them. */
const byName = (a: RouteUnit, b: RouteUnit): number => compare(a.router.name, b.router.name) || compare(a.text, b.text);

/** By UTF-16 units, as canonical JSON orders names (RFC 8785, section 3.2.3). */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
