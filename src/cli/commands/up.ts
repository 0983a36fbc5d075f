import { startTarget } from "../../work/lifecycle.ts";
import { defineCommand } from "../command.ts";
import { changeServer, LIFECYCLE_OPTIONS, LIFECYCLE_POSITIONALS } from "../lifecycle-command.ts";

export const command = defineCommand({
  positionals: LIFECYCLE_POSITIONALS,
  options: LIFECYCLE_OPTIONS,
  examples: [
    { line: "pgrove up", about: "starts the server and waits until it takes connections" },
    {
      line: "pgrove up --service api --service worker",
      about: "the database, and two more services of its compose file",
    },
  ],
  async run(context, args) {
    await changeServer(context, args.target, args.list("service"), startTarget);
  },
});
