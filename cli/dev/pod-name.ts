import { createHash } from "node:crypto";

/** The letters and digits of which Kubernetes makes the ends of names. */
const ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

/** A name such as a Deployment's Pod has, the same each time: `app-7c6b9fd5d8-x2k9q`. */
export function podName(namespace: string, service: string, index: number): string {
  const letters = (text: string, count: number): string =>
    [...createHash("sha256").update(text).digest().subarray(0, count)]
      .map((byte) => ALPHABET[byte % ALPHABET.length])
      .join("");
  const replicaSet = letters(`${namespace}/${service}`, 10);
  return `${service}-${replicaSet}-${letters(`${namespace}/${service}/${index}`, 5)}`;
}
