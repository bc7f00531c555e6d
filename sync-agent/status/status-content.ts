import type { KubernetesObject } from "../source/kubernetes-object.ts";
import type { Condition } from "./condition.ts";

/** What an object's status has to say, by the forms that statuses come in. */
export type StatusContent =
  | {
      type: "class";
      conditions: readonly Condition[];
      /** Sorted; undefined to leave the field alone. */
      supportedFeatures: readonly { name: string }[] | undefined;
    }
  | {
      type: "gateway";
      conditions: readonly Condition[];
      listeners: readonly ListenerContent[];
      /** Undefined to leave the field alone. */
      addresses: readonly { type: "Hostname" | "IPAddress"; value: string }[] | undefined;
    }
  | {
      type: "route";
      /** One for each parentRef to a Gateway of ours, in the order of the spec. */
      parents: readonly ParentContent[];
      /** Entries of these controllers are ours to write and to remove. */
      controllers: ReadonlySet<string>;
    }
  | {
      type: "policy";
      /** One for each Gateway of ours by which the policy has an effect. */
      ancestors: readonly AncestorContent[];
      /** Entries of these controllers are ours to write and to remove. */
      controllers: ReadonlySet<string>;
    }
  | { type: "ingress"; ingress: readonly ({ hostname: string } | { ip: string })[] };

export interface ListenerContent {
  name: string;
  supportedKinds: readonly { group: string; kind: string }[];
  attachedRoutes: number;
  conditions: readonly Condition[];
}

export interface ParentContent {
  /** As the route has it. */
  parentRef: object;
  controllerName: string;
  conditions: readonly Condition[];
}

interface AncestorContent {
  ancestorRef: object;
  controllerName: string;
  conditions: readonly Condition[];
}

/** The status that an object should have, as far as it is ours to say. */
export interface DesiredStatus {
  object: KubernetesObject;
  content: StatusContent;
}
