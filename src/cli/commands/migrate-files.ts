import { failure } from "../../errors.ts";
import { defineCommand } from "../command.ts";

export const create = defineCommand({
  positionals: [],
  options: [],
  examples: [],
  run() {
    throw failure("not_built", "create is not built yet");
  },
});

export const renumber = defineCommand({
  positionals: [],
  options: [],
  examples: [],
  run() {
    throw failure("not_built", "renumber is not built yet");
  },
});
