import { DurableObject } from "cloudflare:workers";
export class Beacon extends DurableObject {}
export default { fetch: () => new Response("ok") };
