import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { parseAllDocuments } from "yaml";
import type { KubernetesObject } from "../../sync-agent/source/kubernetes-object.ts";

export const CHART = "deploy/chart";
const HELM = ".tools/bin/helm";
const run = promisify(execFile);

/** Runs helm; rejects with what it says when it fails. */
export async function helm(...args: string[]): Promise<string> {
  if (!existsSync(HELM)) throw new Error(`${HELM} is missing: \`npm run tools\` installs it`);
  const { stdout } = await run(HELM, args, { maxBuffer: 16 * 1024 * 1024 }).catch(
    (error: { stdout: string; message: string }) => {
      throw new Error(`${error.message}\n${error.stdout}`);
    },
  );
  return stdout;
}

/** @returns the objects of the chart with the least that an installation sets, and with `values` */
export async function render(...values: string[]): Promise<KubernetesObject[]> {
  const set = values.flatMap((value) => ["--set", value]);
  const text = await helm(
    "template",
    "sluice",
    CHART,
    "--namespace",
    "edge",
    "--values",
    `${CHART}/ci/values.yaml`,
    ...set,
  );
  return parseAllDocuments(text)
    .map((document) => document.toJS() as KubernetesObject | null)
    .filter((object) => object !== null);
}

const refOf = ({ kind, metadata }: KubernetesObject): string => `${kind}/${metadata.name}`;

/** @throws Error when there is no such object, named as `Deployment/sluice-agent` */
export function find(objects: readonly KubernetesObject[], ref: string): KubernetesObject {
  const found = objects.find((object) => refOf(object) === ref);
  if (found === undefined) throw new Error(`the chart has no ${ref}`);
  return found;
}
