import { createTokenVerifier, type TokenVerifier } from "../../src/hop/token.ts";
import { type HopKeys, readHopKeys } from "./hop-keys.ts";

/** How often the keys are looked at again, in milliseconds: a mounted Secret takes a minute to change anyway. */
const INTERVAL_MS = 10_000;

/**
 * A verifier whose keys follow their file. What cannot be read leaves the keys as they were.
 *
 * @throws Error when they cannot be read at first
 */
export async function watchHopKeys(
  path: string,
  problem: (message: string) => void,
  intervalMs = INTERVAL_MS,
): Promise<TokenVerifier & { close(): void }> {
  let keys: HopKeys = await readHopKeys(path);
  let verifier = createTokenVerifier({ keys, now: Date.now });
  let lastProblem = "";
  const look = async (): Promise<void> => {
    try {
      const found = await readHopKeys(path);
      lastProblem = "";
      if (isSame(found, keys)) return;
      keys = found;
      verifier = createTokenVerifier({ keys, now: Date.now });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (message !== lastProblem) problem(`${message}; the keys stay as they were`);
      lastProblem = message;
    }
  };
  const timer = setInterval(() => void look(), intervalMs);
  return {
    verify: (token, service) => verifier.verify(token, service),
    whyRefused: (token, service) => verifier.whyRefused(token, service),
    close: () => clearInterval(timer),
  };
}

const isSame = (a: HopKeys, b: HopKeys): boolean =>
  a.size === b.size && [...a].every(([kid, key]) => b.get(kid)?.x === key.x);
