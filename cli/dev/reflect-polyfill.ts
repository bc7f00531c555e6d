/**
 * The part of the Reflect metadata proposal that @peculiar/x509's container (tsyringe) asks for when it loads:
 * metadata on classes, looked up along their prototypes. Import it before that package.
 */
const metadata = new WeakMap<object, Map<unknown, unknown>>();

const polyfill = {
  defineMetadata(key: unknown, value: unknown, target: object): void {
    metadata.set(target, (metadata.get(target) ?? new Map()).set(key, value));
  },
  getOwnMetadata: (key: unknown, target: object): unknown => metadata.get(target)?.get(key),
  getMetadata(key: unknown, target: object): unknown {
    for (let at: object | null = target; at !== null; at = Object.getPrototypeOf(at) as object | null) {
      if (metadata.get(at)?.has(key)) return metadata.get(at)?.get(key);
    }
    return undefined;
  },
};

for (const [name, value] of Object.entries(polyfill)) {
  if (!(name in Reflect)) Object.defineProperty(Reflect, name, { value, configurable: true, writable: true });
}
