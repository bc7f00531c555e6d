import type { Service } from "../../src/table/service.ts";
import { mapEntry } from "./table-references.ts";

type Services = Readonly<Record<string, Service>>;

/**
 * How many services one request may have to ask whether they can serve it, or a mirror may send it to: a service counts as
 * often as it is referred to, over any number of steps. Circles are not followed.
 *
 * @param known of services that are final, by name; filled with what is found
 */
export function serviceSize(service: Service, services: Services, known: Map<string, number>): number {
  let size = 1;
  mapEntry.services(service, (part, name) => {
    if (part === "services") size += sizeOf(name, services, known);
    return name;
  });
  return size;
}

function sizeOf(name: string, services: Services, known: Map<string, number>): number {
  let size = known.get(name);
  if (size === undefined) {
    known.set(name, 1);
    const service = Object.hasOwn(services, name) ? services[name] : undefined;
    size = service === undefined ? 1 : serviceSize(service, services, known);
    known.set(name, size);
  }
  return size;
}
