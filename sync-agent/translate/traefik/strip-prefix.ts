import { stripPrefixSchema } from "../../../src/table/middleware.ts";
import { type ReadOptions, reader } from "./read-options.ts";

const readOptions = reader("stripPrefix", stripPrefixSchema);

/** https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/stripprefix/; `forceSlash` is Traefik 2's. */
export const readStripPrefix: ReadOptions = (value, place) => {
  if (typeof value !== "object" || value === null || !("forceSlash" in value)) return readOptions(value, place);
  const { forceSlash, ...options } = value;
  if (forceSlash !== null) {
    place.report({
      code: "unsupported-field",
      severity: "notice",
      path: [...place.path, "forceSlash"],
      message: "`forceSlash` has no effect: what is left of a path always begins with a slash",
      hint: "Leave it out",
    });
  }
  return readOptions(options, place);
};
