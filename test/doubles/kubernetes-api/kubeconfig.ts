import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";

/** A kubeconfig with one context, as YAML. */
export function makeKubeconfig({ url, token, ca }: { url: string; token: string; ca: string | undefined }): string {
  const authority = ca === undefined ? {} : { "certificate-authority-data": Buffer.from(ca).toString("base64") };
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "test", cluster: { server: url, ...authority } }],
    users: [{ name: "test", user: { token } }],
    contexts: [{ name: "test", context: { cluster: "test", user: "test", namespace: "default" } }],
    "current-context": "test",
  });
}

/** Writes it where only its owner reads it, in the directory of an earlier one or in one of its own. */
export function writeKubeconfig(text: string, earlier: string | undefined): { directory: string; path: string } {
  const directory = earlier ?? mkdtempSync(join(tmpdir(), "sluice-kubeconfig-"));
  const path = join(directory, "config");
  writeFileSync(path, text, { mode: 0o600 });
  return { directory, path };
}
