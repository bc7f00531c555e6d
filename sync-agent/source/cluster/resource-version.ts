/**
 * Whether one resourceVersion is older than another. Both must be decimal numbers, as they are on every Kubernetes server
 * (https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions); of others nothing is known.
 */
export function isOlder(version: string, than: string): boolean {
  if (!DECIMAL.test(version) || !DECIMAL.test(than)) return false;
  return version.length === than.length ? version < than : version.length < than.length;
}

/** Whether a watch that has come to one version may say another: not an older one, nor one of another form. */
export const mayFollow = (version: string, after: string): boolean =>
  DECIMAL.test(version) === DECIMAL.test(after) && !isOlder(version, after);

const DECIMAL = /^[1-9]\d*$/;
