import { restartTarget } from "../../work/lifecycle.ts";
import { defineCommand } from "../command.ts";
import { changeServer, LIFECYCLE_OPTIONS, LIFECYCLE_POSITIONALS } from "../lifecycle-command.ts";

export const command = defineCommand({
  positionals: LIFECYCLE_POSITIONALS,
  options: LIFECYCLE_OPTIONS,
  examples: [
    { line: "pgrove restart", about: "stops the server and starts it again" },
    { line: "pgrove restart --service api", about: "one service of the compose file" },
  ],
  async run(context, args) {
    await changeServer(context, args.target, args.list("service"), restartTarget);
  },
});
