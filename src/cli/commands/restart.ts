import { restartTarget } from "../../work/lifecycle.ts";
import { defineCommand } from "../command.ts";
import { changeServer, LIFECYCLE_ARGS } from "../lifecycle-command.ts";

export const command = defineCommand({
  meta: {
    examples: [
      { line: "pgrove restart", about: "stops the server and starts it again" },
      { line: "pgrove restart --service api", about: "one service of the compose file" },
    ],
  },
  args: LIFECYCLE_ARGS,
  async run({ args, context }) {
    await changeServer(context, args.target, args.service, restartTarget);
  },
});
