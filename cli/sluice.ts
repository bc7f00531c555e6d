import { defineCommand } from "citty";
import project from "../package.json" with { type: "json" };
import { runProgram } from "./run-program.ts";

const main = defineCommand({
  meta: { name: "sluice", version: project.version, description: project.description },
  subCommands: {
    dev: () => import("./commands/dev.ts").then(({ dev }) => dev),
    check: () => import("./commands/check.ts").then(({ check }) => check),
    agent: () => import("./commands/agent.ts").then(({ agent }) => agent),
    relay: () => import("./commands/relay.ts").then(({ relay }) => relay),
    publish: () => import("./commands/publish.ts").then(({ publish }) => publish),
    diff: () => import("./commands/diff.ts").then(({ diff }) => diff),
    history: () => import("./commands/history.ts").then(({ history }) => history),
    rollback: () => import("./commands/rollback.ts").then(({ rollback }) => rollback),
    release: () => import("./commands/release.ts").then(({ release }) => release),
    import: () => import("./commands/import.ts").then((module) => module.import),
    explain: () => import("./commands/explain.ts").then(({ explain }) => explain),
  },
});

await runProgram(main);
