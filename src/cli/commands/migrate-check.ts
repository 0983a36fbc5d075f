import { failure } from "../../errors.ts";
import { defineCommand } from "../command.ts";

export const check = defineCommand({
  positionals: [],
  options: [],
  examples: [],
  run() {
    throw failure("not_built", "check is not built yet");
  },
});
