/** The words and options of `seed`. */
import type { Args } from "../args.ts";
import { defineArgs, WAIT_LOCK } from "../grammar.ts";

export const SEED_ARGS = defineArgs({
  name: {
    type: "positional",
    required: false,
    rest: true,
    description: "entities or tables, or all; a number behind them is how many rows",
  },
  except: { type: "string", valueHint: "TABLE", repeatable: true, description: "an entity or table that gets no rows" },
  strict: { type: "boolean", description: "fail where an entity cannot have rows, instead of leaving it out" },
  clean: { type: "boolean", description: "first remove the rows of those entities, children first" },
  "clean-force": { type: "boolean", description: "the same, without asking" },
  generated: { type: "boolean", description: "with --clean: only rows that pgrove has made" },
  "older-than": {
    type: "string",
    valueHint: "TIME",
    description: "with --clean: only those of runs before that, such as 24h; makes no rows",
  },
  reset: { type: "boolean", description: "first empty the database and migrate it; a snapshot keeps what was there" },
  "reset-force": { type: "boolean", description: "the same, without asking" },
  upsert: { type: "boolean", description: "the same rows again: insert new ones, update changed ones" },
  scenario: { type: "string", valueHint: "NAME", description: "a scenario of the factory files" },
  param: { type: "string", valueHint: "NAME=VALUE", repeatable: true, description: "a parameter of the scenario" },
  seed: {
    type: "string",
    valueHint: "N",
    number: { min: 0, max: 4_294_967_295 },
    description: "other rows: the same number, the same rows",
  },
  "skip-triggers": { type: "boolean", description: "fire no triggers while rows are loaded" },
  file: { type: "string", valueHint: "FILE", description: "run just this SQL file" },
  force: { type: "boolean", description: "run what has not changed since it ran, too" },
  transaction: {
    type: "boolean",
    default: true,
    negativeDescription: "run SQL files statement by statement, not all in one transaction",
  },
  ...WAIT_LOCK,
  stats: { type: "boolean", description: "show the tables' statistics afterwards" },
  "stats-only": { type: "boolean", description: "show them, and do nothing else" },
  "dry-run": { type: "boolean", description: "show the plan, with ten rows of each entity, and change nothing" },
});

export type SeedArgs = Args<typeof SEED_ARGS>;
