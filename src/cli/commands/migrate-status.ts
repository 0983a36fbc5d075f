import { failure } from "../../errors.ts";
import { defineCommand } from "../command.ts";

export const status = defineCommand({
  positionals: [],
  options: [],
  examples: [],
  run() {
    throw failure("not_built", "status is not built yet");
  },
});

export const history = defineCommand({
  positionals: [],
  options: [],
  examples: [],
  run() {
    throw failure("not_built", "history is not built yet");
  },
});
