import { createMemoryStore } from "../../sync-agent/publish/memory-store.ts";
import { describeStore } from "./store-contract.ts";

describeStore("memory", async () => createMemoryStore("test"));
