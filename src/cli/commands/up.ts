import { startTarget } from "../../work/lifecycle.ts";
import { defineCommand } from "../command.ts";
import { changeServer, LIFECYCLE_ARGS } from "../lifecycle-command.ts";

export const command = defineCommand({
  meta: {
    examples: [
      { line: "pgrove up", about: "starts the server and waits until it takes connections" },
      {
        line: "pgrove up --service api --service worker",
        about: "the database, and two more services of its compose file",
      },
    ],
  },
  args: LIFECYCLE_ARGS,
  async run({ args, context }) {
    await changeServer(context, args.target, args.service, startTarget);
  },
});
