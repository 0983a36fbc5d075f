import type { MigrateRequest } from "../../migrate/request.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { TARGET } from "../grammar.ts";
import { RUN_OPTIONS, readRunOptions, sortWords } from "../migrate/migrate-options.ts";

const AFTER = "arguments of migrations.command";

export const up = defineCommand({
  meta: {
    details:
      "Each migration is one transaction, its ledger rows included. A bare number counts migrations, unless it has leading " +
      "zeros or is larger than their number: then it is a version. DB_AUTO_MIGRATE=false: nothing is run, exit 0.",
    examples: [
      { line: "pgrove migrate up", about: "applies what is pending in the worktree you stand in" },
      { line: "pgrove migrate up --dry-run @production", about: "what it would do there" },
      { line: "pgrove migrate up --wait 60s --yes --json", about: "as a deployment step, with DATABASE_URL" },
    ],
  },
  args: {
    "how-far": {
      type: "positional",
      required: false,
      description: "head, a number of migrations, a version, or the beginning of a name; default: head",
    },
    target: TARGET,
    ...RUN_OPTIONS,
    "from-schema": {
      type: "boolean",
      description: "begin an empty database with migrations.schema_file, which is quicker",
    },
  },
  after: AFTER,
  async run({ args, context }) {
    const { forbidsMigrating } = await import("../../migrate/settings.ts");
    if (forbidsMigrating(context.environment)) {
      context.output.note("DB_AUTO_MIGRATE=false: nothing was run");
      return void (await context.output.answer({ skipped: "DB_AUTO_MIGRATE", migrations: [] }, () => "no change"));
    }
    const { wishOfUp } = await import("../../migrate/run/target-words.ts");
    const { word, target } = sortWords(args.howFar, args.target);
    const [options, fromSchema] = [readRunOptions(args), args.fromSchema];
    const wish = (known: number) => wishOfUp(word, known);
    await start(context, { verb: "up", target, word, toolWords: args.after, options, fromSchema, wish });
  },
});

export const down = defineCommand({
  meta: {
    details:
      "Takes the last one back, or as many as you say, or all that is newer than a version. What is not in this branch is " +
      "taken back by the down script that the ledger has kept.",
    examples: [
      { line: "pgrove migrate down", about: "the last one" },
      { line: "pgrove migrate down 0042", about: "all that is newer than 42" },
      { line: "pgrove migrate down --all --dry-run", about: "what it would run" },
    ],
  },
  args: {
    "how-far": {
      type: "positional",
      required: false,
      negative: true,
      description: "a number of migrations, a version to stay at; default: 1",
    },
    target: TARGET,
    ...RUN_OPTIONS,
    all: { type: "boolean", description: "every migration" },
  },
  after: AFTER,
  async run({ args, context }) {
    const { wishOfDown } = await import("../../migrate/run/target-words.ts");
    const { word, target } = sortWords(args.howFar, args.target);
    const [options, all] = [readRunOptions(args), args.all];
    const wish = (known: number) => wishOfDown(word, all, known);
    await start(context, { verb: "down", target, word, toolWords: args.after, options, wish });
  },
});

export const goto = defineCommand({
  meta: {
    details: "Takes back what is newer than the version, then applies what is pending up to it.",
    examples: [
      { line: "pgrove migrate goto 20260115143022", about: "to that version, up or down" },
      { line: "pgrove migrate goto add_users", about: "to the migration of that name" },
      { line: "pgrove migrate goto -1", about: "one back" },
    ],
  },
  args: {
    version: { type: "positional", negative: true, description: "a version, a name's beginning, head, +2 or -1" },
    target: TARGET,
    ...RUN_OPTIONS,
  },
  async run({ args, context }) {
    const { wishOfGoto } = await import("../../migrate/run/target-words.ts");
    const wish = wishOfGoto(args.version);
    const options = readRunOptions(args);
    await start(context, { verb: "goto", target: args.target, toolWords: [], options, wish: () => wish });
  },
});

async function start(context: Context, command: MigrateRequest): Promise<undefined> {
  const { migrate } = await import("../migrate/migrate-flow.ts");
  await migrate(context, command);
}
