import { parseGoDuration } from "../translate/go-duration.ts";
import { made, text } from "./read-yaml.ts";

/** A time of 0 or more, in milliseconds. */
export const duration = made(text, (value) => {
  const ms = parseGoDuration(value);
  return ms !== undefined && ms >= 0 ? ms : new Error(`\`${value}\` is not a duration such as \`10s\``);
});
