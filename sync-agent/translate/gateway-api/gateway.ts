import type { TranslateObject } from "../fragment.ts";
import type { Report } from "../read-object.ts";
import type { TranslateSettings } from "../settings.ts";
import { startFragment } from "../traefik/context.ts";
import { entryPointsOf, findEntryPoint } from "./find-entry-point.ts";
import { classState } from "./gateway-class.ts";
import { useListenerCertificates } from "./listener-certificates.ts";
import { type Listener, readGateway } from "./read-gateway.ts";
import { reportUnusedFields } from "./unused-fields.ts";

/** A Gateway by itself: its problems. Routes read of it what they need. */
export const translateGateway: TranslateObject = (object, objects, settings) => {
  const { fragment, report, context } = startFragment(object, objects, settings);
  const { className, listeners, problems } = readGateway(object);
  const state = classState(className, objects, settings);
  if (state === "foreign") return fragment;
  if (className !== "" && state !== "ours") reportClass(className, state === "ours-by-name", report);
  if (className !== "" && state === "absent") return fragment;
  for (const problem of problems) report(problem);
  reportUnusedFields(object, report);
  for (const listener of listeners) {
    if (findEntryPoint(listener, settings) === undefined) reportPort(listener, settings, report);
  }
  useListenerCertificates(object, listeners, report, context);
  return fragment;
};

function reportClass(name: string, isTaken: boolean, report: Report): void {
  report({
    code: "gateway-class-not-found",
    severity: isTaken ? "notice" : "warning",
    path: ["spec", "gatewayClassName"],
    message: isTaken
      ? `There is no GatewayClass \`${name}\`; the Gateway is taken by the class's name`
      : `There is no GatewayClass \`${name}\`; the Gateway is left out`,
    hint: "Create it with the controllerName `traefik.io/gateway-controller`",
    refersTo: { kind: "GatewayClass", namespace: "", name },
  });
}

function reportPort({ name, port, protocol, index }: Listener, settings: TranslateSettings, report: Report): void {
  const known = Object.entries(entryPointsOf(protocol, settings)).map(
    ([entryPoint, { port }]) => `\`${entryPoint}\` (${port})`,
  );
  report({
    code: "entry-point-not-found",
    severity: "error",
    path: ["spec", "listeners", index, "port"],
    message: `No entry point has the port ${port} of the listener \`${name}\``,
    hint:
      known.length === 0
        ? `Add one to the static configuration: \`address: :${port}${protocol === "UDP" ? "/udp" : ""}\``
        : `There ${known.length === 1 ? "is" : "are"} ${known.join(", ")}`,
  });
}
