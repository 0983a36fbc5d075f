import { failure } from "../../errors.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  positionals: [],
  options: [],
  examples: [],
  run() {
    throw failure("not_built", "seed is not built yet");
  },
});
