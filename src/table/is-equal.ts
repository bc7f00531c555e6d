/** Whether two values are the same JSON; a field that is undefined is one that is not there. */
export function isEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => isEqual(item, b[index]));
  }
  if (Array.isArray(b)) return false;
  let fields = 0;
  for (const [key, value] of Object.entries(a)) {
    if (value === undefined) continue;
    if (!Object.hasOwn(b, key) || !isEqual(value, Reflect.get(b, key))) return false;
    fields += 1;
  }
  for (const value of Object.values(b)) if (value !== undefined) fields -= 1;
  return fields === 0;
}
