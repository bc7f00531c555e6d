import type { ClientKey } from "../../../src/table/service.ts";
import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import { readClientKey } from "../kubernetes/client-key.ts";
import { suggestName } from "../nearest-name.ts";
import type { Report } from "../read-object.ts";

const PREFIX = "sluice.dev/";
const NAME = "client-key";

/** What an object that splits by weights may say of itself, with the prefix `sluice.dev/`. */
export const splitAnnotations: Readonly<Record<string, string>> = {
  [NAME]:
    "what clients are told apart by, each of whom stays with one service while weights change: `address`, `header X-User`, `cookie session`",
};

const pathOf = (name: string): string[] => ["metadata", "annotations", name];

/** What the clients of a split are told apart by, as the object's annotation says; undefined without a good one. */
export function readObjectClientKey({ kind, metadata }: KubernetesObject, report: Report): ClientKey | undefined {
  let found: ClientKey | undefined;
  for (const [annotation, value] of Object.entries(metadata.annotations ?? {})) {
    if (!annotation.startsWith(PREFIX)) continue;
    const name = annotation.slice(PREFIX.length).toLowerCase();
    if (name !== NAME) {
      const hint = suggestName(name, [NAME]);
      const message = `\`${annotation}\` has no effect on a ${kind}`;
      report({ code: "unknown-field", severity: "warning", path: pathOf(annotation), message, ...(hint && { hint }) });
      continue;
    }
    found = readClientKey(String(value));
    if (found === undefined) {
      report({
        code: "invalid-field",
        severity: "warning",
        path: pathOf(annotation),
        message: `\`${annotation}\` is ${JSON.stringify(String(value).slice(0, 60))}; services are taken in turn`,
        hint: "Write `address`, `header NAME` or `cookie NAME`",
      });
    }
  }
  return found;
}

/** For an object that splits nothing. */
export function reportClientKey(report: Report): void {
  report({
    code: "misplaced-field",
    severity: "warning",
    path: pathOf(`${PREFIX}${NAME}`),
    message: `\`${PREFIX}${NAME}\` has an effect only where several services have weights`,
    hint: "Annotate the Service itself to keep clients on one Pod",
  });
}
