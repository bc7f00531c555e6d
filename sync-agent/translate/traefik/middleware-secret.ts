import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import { seal } from "../seal.ts";
import type { OptionsPlace } from "./read-options.ts";

/** The Secret that a Middleware names, in its own namespace. Undefined, with the problem reported, when there is none. */
export function findMiddlewareSecret(
  name: string,
  { object, path, report, context }: OptionsPlace,
  field = "secret",
): KubernetesObject | undefined {
  const { namespace = "" } = object.metadata;
  const secret = context.objects.get("Secret", namespace, name);
  if (secret === undefined) {
    report({
      code: "secret-not-found",
      severity: "error",
      path: [...path, field],
      message: `The Secret \`${name}\` does not exist in the namespace \`${namespace}\``,
      hint: "Create it there",
      refersTo: { kind: "Secret", namespace, name },
    });
  }
  return secret;
}

/** Seals what the edge needs of a Secret. Undefined, with the problem reported, where there is no key to do it with. */
export function sealForEdge(text: string, { path, report, context }: OptionsPlace): string | undefined {
  const { sealKey } = context.settings;
  if (sealKey !== undefined) return seal(text, sealKey);
  report({
    code: "seal-key-missing",
    severity: "error",
    path,
    message: "What this needs of a Secret cannot be published: there is no key to seal it with",
    hint: "Give the agent `--seal-key-file`, and the Worker the same key as its secret SEAL_KEY",
  });
  return undefined;
}
