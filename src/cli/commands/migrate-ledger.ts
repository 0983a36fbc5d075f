import { failure } from "../../errors.ts";
import { defineCommand } from "../command.ts";

export const force = defineCommand({
  positionals: [],
  options: [],
  examples: [],
  run() {
    throw failure("not_built", "force is not built yet");
  },
});

export const baseline = defineCommand({
  positionals: [],
  options: [],
  examples: [],
  run() {
    throw failure("not_built", "baseline is not built yet");
  },
});
