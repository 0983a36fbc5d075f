import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import type { MigrateCommand } from "../migrate/migrate-course.ts";
import { RUN_OPTIONS, readRunOptions, sortWords } from "../migrate/migrate-options.ts";

const TARGET = { name: "TARGET", target: true, about: "default: the worktree you stand in" } as const;

const AFTER = "arguments of migrations.command";

export const up = defineCommand({
  details:
    "Each migration is one transaction, its ledger rows included. A bare number counts migrations, unless it has leading " +
    "zeros or is larger than their number: then it is a version. DB_AUTO_MIGRATE=false: nothing is run, exit 0.",
  positionals: [
    { name: "HOW-FAR", about: "head, a number of migrations, a version, or the beginning of a name; default: head" },
    TARGET,
  ],
  options: [
    ...RUN_OPTIONS,
    { name: "from-schema", about: "begin an empty database with migrations.schema_file, which is quicker" },
  ],
  after: AFTER,
  examples: [
    { line: "pgrove migrate up", about: "applies what is pending in the worktree you stand in" },
    { line: "pgrove migrate up --dry-run @production", about: "what it would do there" },
    { line: "pgrove migrate up --wait 60s --yes --json", about: "as a deployment step, with DATABASE_URL" },
  ],
  async run(context, args) {
    const { forbidsMigrating } = await import("../../migrate/settings.ts");
    if (forbidsMigrating(context.environment)) {
      context.output.note("DB_AUTO_MIGRATE=false: nothing was run");
      return void (await context.output.answer({ skipped: "DB_AUTO_MIGRATE", migrations: [] }, () => "no change"));
    }
    const { wishOfUp } = await import("../../migrate/run/target-words.ts");
    const { word, target } = sortWords(args.positional("HOW-FAR"), args.target);
    const [options, fromSchema] = [readRunOptions(args), args.flag("from-schema")];
    const wish = (known: number) => wishOfUp(word, known);
    await start(context, { verb: "up", target, word, toolWords: args.after, options, fromSchema, wish });
  },
});

export const down = defineCommand({
  details:
    "Takes the last one back, or as many as you say, or all that is newer than a version. What is not in this branch is " +
    "taken back by the down script that the ledger has kept.",
  positionals: [
    { name: "HOW-FAR", negative: true, about: "a number of migrations, a version to stay at; default: 1" },
    TARGET,
  ],
  options: [...RUN_OPTIONS, { name: "all", about: "every migration" }],
  after: AFTER,
  examples: [
    { line: "pgrove migrate down", about: "the last one" },
    { line: "pgrove migrate down 0042", about: "all that is newer than 42" },
    { line: "pgrove migrate down --all --dry-run", about: "what it would run" },
  ],
  async run(context, args) {
    const { wishOfDown } = await import("../../migrate/run/target-words.ts");
    const { word, target } = sortWords(args.positional("HOW-FAR"), args.target);
    const [options, all] = [readRunOptions(args), args.flag("all")];
    const wish = (known: number) => wishOfDown(word, all, known);
    await start(context, { verb: "down", target, word, toolWords: args.after, options, wish });
  },
});

export const goto = defineCommand({
  details: "Takes back what is newer than the version, then applies what is pending up to it.",
  positionals: [
    { name: "VERSION", required: true, negative: true, about: "a version, a name's beginning, head, +2 or -1" },
    TARGET,
  ],
  options: RUN_OPTIONS,
  examples: [
    { line: "pgrove migrate goto 20260115143022", about: "to that version, up or down" },
    { line: "pgrove migrate goto add_users", about: "to the migration of that name" },
    { line: "pgrove migrate goto -1", about: "one back" },
  ],
  async run(context, args) {
    const { wishOfGoto } = await import("../../migrate/run/target-words.ts");
    const wish = wishOfGoto(args.positional("VERSION") ?? "head");
    const options = readRunOptions(args);
    await start(context, { verb: "goto", target: args.target, toolWords: [], options, wish: () => wish });
  },
});

async function start(context: Context, command: MigrateCommand): Promise<undefined> {
  const { migrate } = await import("../migrate/migrate-flow.ts");
  await migrate(context, command);
}
