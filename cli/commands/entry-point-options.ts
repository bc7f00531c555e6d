import { parseAddress } from "../../sync-agent/config/parse-address.ts";
import type { Address } from "../dev/tls-listener.ts";
import { UsageError } from "./outcome.ts";

const OPTION = "--entrypoint";

/**
 * All `--entrypoint name=host:port` (or `name=:port`, `name=:port/udp`) of a command line; the last one for a name counts.
 *
 * @throws UsageError that shows the form for what has another
 */
export function parseEntryPointOptions(args: readonly string[]): Record<string, Address & { protocol?: "udp" }> {
  const values = args.flatMap((arg, i) => {
    if (arg.startsWith(`${OPTION}=`)) return [arg.slice(OPTION.length + 1)];
    return arg === OPTION ? [args[i + 1] ?? ""] : [];
  });
  return Object.fromEntries(
    values.map((value) => {
      const [, name = "", text = ""] = /^([^=]+)=(.*)$/.exec(value) ?? [];
      const address = parseAddress(text);
      if (name === "" || address === undefined) {
        throw new UsageError(`${OPTION} "${value}" must have the form ${OPTION} web=127.0.0.1:8787`);
      }
      const { host, port, protocol } = address;
      return [name, { host: host || "127.0.0.1", port, ...(protocol === "udp" && { protocol }) }];
    }),
  );
}
