import { failure } from "../../errors.ts";
import { defineCommand } from "../command.ts";

export const up = defineCommand({
  positionals: [],
  options: [],
  examples: [],
  run() {
    throw failure("not_built", "up is not built yet");
  },
});

export const down = defineCommand({
  positionals: [],
  options: [],
  examples: [],
  run() {
    throw failure("not_built", "down is not built yet");
  },
});

export const goto = defineCommand({
  positionals: [],
  options: [],
  examples: [],
  run() {
    throw failure("not_built", "goto is not built yet");
  },
});
