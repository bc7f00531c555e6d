import type { TranslateObject } from "../fragment.ts";
import { putTraefikService } from "./build-traefik-service.ts";
import { startFragment } from "./context.ts";

/** A TraefikService by itself: its problems. Routes that refer to it carry its services in their own fragments. */
export const translateTraefikService: TranslateObject = (object, objects, settings) => {
  const { fragment, report, context } = startFragment(object, objects, settings);
  putTraefikService(object, report, context);
  return fragment;
};
