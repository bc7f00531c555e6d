import type { TranslateObject } from "../fragment.ts";
import { takesClass } from "../view-objects.ts";
import { startFragment } from "./context.ts";
import { classOf } from "./ingress-route.ts";

/** A kind that is known but not served yet: one warning an object, so that nobody waits for its traffic. */
export const unsupportedKind =
  (reason: string, hint?: string): TranslateObject =>
  (object, objects, settings) => {
    const { fragment, report } = startFragment(object, objects, settings);
    // Only routes have a class: with another one they are another controller's.
    const isTaken = !object.kind.startsWith("IngressRoute") || takesClass(settings.crd.ingressClass, classOf(object));
    if (isTaken) {
      const message = `${object.kind} is not supported yet: ${reason}`;
      report({ code: "unsupported-kind", severity: "warning", path: ["kind"], message, ...(hint && { hint }) });
    }
    return fragment;
  };

/** A kind of a protocol that an edge function cannot carry. */
export const leftToRelay = (protocol: "TCP" | "UDP"): TranslateObject =>
  unsupportedKind(
    `${protocol} routes come with the relay`,
    "It does no harm here: keep it, and leave its traffic with the proxy that serves it now",
  );
