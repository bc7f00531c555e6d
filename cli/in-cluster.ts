import { defineCommand } from "citty";
import project from "../package.json" with { type: "json" };
import { agent } from "./commands/agent.ts";
import { relay } from "./commands/relay.ts";
import { runProgram } from "./run-program.ts";

/** The `sluice` command as the image has it: the two programs that run in a cluster, and nothing that they do not need. */
const main = defineCommand({
  meta: { name: "sluice", version: project.version, description: project.description },
  subCommands: { agent, relay },
});

await runProgram(main);
