import { failure } from "../../errors.ts";
import { defineCommand } from "../command.ts";

export const lint = defineCommand({
  positionals: [],
  options: [],
  examples: [],
  run() {
    throw failure("not_built", "lint is not built yet");
  },
});
