import { stopTarget } from "../../work/lifecycle.ts";
import { defineCommand } from "../command.ts";
import { changeServer, LIFECYCLE_ARGS } from "../lifecycle-command.ts";

export const command = defineCommand({
  meta: {
    examples: [
      { line: "pgrove down", about: "stops the server; the data stays" },
      { line: "pgrove down --service worker", about: "one service of the compose file; the database stays up" },
    ],
  },
  args: LIFECYCLE_ARGS,
  async run({ args, context }) {
    await changeServer(context, args.target, args.service, stopTarget);
  },
});
