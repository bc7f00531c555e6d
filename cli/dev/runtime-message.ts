/**
 * What workerd logs about a fault inside of it, such as a name that is not found, as one line for people: without the
 * place in its own sources and the addresses of its stack. Everything else, what the Worker logs included, stays as it is.
 */
export function runtimeMessage(message: string): string {
  const [, reason] = /^e = \S+:\d+: failed: (.*?)(?:;[^;\n]*)?\nstack: /.exec(message) ?? [];
  return reason === undefined ? message : `workerd: ${reason}`;
}
