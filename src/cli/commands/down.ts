import { stopTarget } from "../../work/lifecycle.ts";
import { defineCommand } from "../command.ts";
import { changeServer, LIFECYCLE_OPTIONS, LIFECYCLE_POSITIONALS } from "../lifecycle-command.ts";

export const command = defineCommand({
  positionals: LIFECYCLE_POSITIONALS,
  options: LIFECYCLE_OPTIONS,
  examples: [
    { line: "pgrove down", about: "stops the server; the data stays" },
    { line: "pgrove down --service worker", about: "one service of the compose file; the database stays up" },
  ],
  async run(context, args) {
    await changeServer(context, args.target, args.list("service"), stopTarget);
  },
});
