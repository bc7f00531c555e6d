import * as z from "zod";
import type { ServersTransport } from "../../../src/table/service.ts";
import { whole } from "../read-object.ts";

/** How a ServersTransport, or the `tls` of a ServersTransportTCP, says what a Pod's certificate must name. */
export const peerNameFields = {
  peerCertURI: z.string().optional(),
  // One less could let in who should not be.
  peerCertSANs: whole(z.array(z.object({ type: z.enum(["DNSName", "URI"]), value: z.string().min(1) }))).optional(),
};

type PeerNames = z.output<z.ZodObject<typeof peerNameFields>>;

export const readPeerNames = ({ peerCertURI, peerCertSANs = [] }: PeerNames): Partial<ServersTransport> => ({
  ...(peerCertURI ? { peerCertUri: peerCertURI } : {}),
  ...(peerCertSANs.length === 0
    ? {}
    : { peerCertSans: peerCertSANs.map(({ type, value }) => ({ type: type === "URI" ? "uri" : "dns", value })) }),
});
