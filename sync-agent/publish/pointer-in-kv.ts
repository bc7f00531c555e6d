import { advance, type BeaconState, emptyBeacon } from "../../src/beacon/beacon-state.ts";
import { pointerSchema } from "../../src/table/snapshot.ts";
import type { BeaconBinding } from "./beacon-binding.ts";
import { PublishError } from "./publish-error.ts";

/** The one key that holds the pointer. */
interface PointerKey {
  read(): Promise<string | null>;
  write(text: string): Promise<void>;
}

/**
 * What stands in for the beacon where there is none: the pointer as a KV key. Nothing is compared when it is set, so
 * that two writers at one time can undo each other; it has no history, and a rollback cannot hold it.
 *
 * @param now milliseconds since 1970
 */
export function pointerInKv(key: PointerKey, now: () => number): BeaconBinding {
  const read = async (): Promise<BeaconState> => {
    const text = await key.read();
    return text === null ? emptyBeacon() : { history: [{ pointer: pointerSchema.parse(JSON.parse(text)), at: now() }] };
  };
  const current = async () => (await read()).history[0]?.pointer ?? null;
  return {
    current,
    async advance(request) {
      if (request.pin !== undefined) {
        throw new PublishError("fatal", "a rollback needs the beacon, which holds the pointer: --admin-url");
      }
      const { result } = advance(await read(), request, now());
      if (result.accepted) await key.write(JSON.stringify(result.pointer));
      return result;
    },
    history: async () => [...(await read()).history],
    claim: async (atLeast) => Math.max(atLeast, ((await current())?.epoch ?? 0) + 1),
    pinned: async () => null,
    release: async () => {},
  };
}
