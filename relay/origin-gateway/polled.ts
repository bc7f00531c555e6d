/**
 * Resolves when whatever had come over any connection is known, ends of idle ones above all: one turn of the event loop
 * may be under way with what it found before, the next one looks anew.
 */
export async function polled(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
}
