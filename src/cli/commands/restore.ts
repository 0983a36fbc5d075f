import { planRestore, type RestoreRequest, restoreDump } from "../../dump/restore.ts";
import { usageError } from "../../errors.ts";
import { STDIN_PATH } from "../../sys/input.ts";
import { planDocument, renderPlan, renderResult, resultDocument } from "../answers/restore.ts";
import { approveRoles } from "../approve-roles.ts";
import { defineCommand } from "../command.ts";
import { describeDump, fixedDump, remoteDump, remoteWordOf, spoolFromStdin } from "../dump-to-restore.ts";
import { approveForeign, consentToReplacement } from "../foreign-dump.ts";
import { REPLACED, SEARCH_PATH, SKIP_EXTENSION, WAIT_LOCK } from "../grammar.ts";
import { describeReplacement, mainSchemas } from "../loss.ts";
import { choosePart, restorePart } from "../restore-part.ts";
import { ROLE_MAP, readRoleMap } from "../role-map.ts";

export const command = defineCommand({
  meta: {
    details:
      "The dump is checked whole, loaded into a scratch database, compared with its manifest, and only then swapped in. Until " +
      "then the target is not touched. What is replaced is kept as DATABASE_before_restore until the next restore or copy; a schema is not kept.",
    examples: [
      { line: "pgrove restore --latest", about: "the newest dump into main" },
      { line: "pgrove restore main-20260115-143022.dump --into-new inspect", about: "beside it, to look at" },
      { line: "pgrove restore --latest --table users", about: "one table of it, into the database as it is" },
      { line: "pgrove restore s3:main-20260115-143022.dump", about: "straight from a remote (s3, dir, ssh)" },
      { line: "ssh prod pg_dump -Fc app | pgrove restore - --to main --yes", about: "from a pipe" },
    ],
  },
  args: {
    dump: {
      type: "positional",
      required: false,
      completes: "dump",
      description: "a dump's name, a path, s3:NAME of a remote, or - for stdin; left out, a list to choose from",
    },
    to: REPLACED,
    latest: {
      type: "string",
      valueHint: "SOURCE",
      optionalValue: true,
      completes: "target",
      description: "the newest dump [of SOURCE]; in a worktree its own, else one of what it was made from",
    },
    "into-new": {
      type: "string",
      valueHint: "DB",
      description: "into a new database of that name; nothing is replaced",
    },
    table: {
      type: "string",
      valueHint: "T",
      repeatable: true,
      description: "only this table (NAME or SCHEMA.NAME), into the database as it is",
    },
    schema: { type: "string", valueHint: "S", repeatable: true, description: "only this schema, the same way" },
    "schema-only": { type: "boolean", description: "without rows" },
    "data-only": { type: "boolean", description: "only rows, into tables that are there" },
    owner: {
      type: "boolean",
      default: true,
      negativeDescription: "leave owners and grants out: everything belongs to the login",
    },
    ...ROLE_MAP,
    ...SKIP_EXTENSION,
    "skip-forbidden": {
      type: "boolean",
      description: "leave out what the login may not create: event triggers, extensions",
    },
    tablespaces: {
      type: "boolean",
      default: true,
      negativeDescription: "everything lies in the database's own tablespace",
    },
    "search-path": SEARCH_PATH,
    jobs: {
      type: "string",
      alias: "j",
      valueHint: "N",
      number: { min: 1, max: 64 },
      description: "load N tables at once",
    },
    globals: {
      type: "boolean",
      description:
        "first make the roles that were dumped beside it (dump --globals) and are missing here; none is changed",
    },
    "discard-previous": { type: "boolean", description: "drop the replaced database at once" },
    ...WAIT_LOCK,
    "dry-run": { type: "boolean", description: "check everything, say what would be replaced, and change nothing" },
  },
  async run({ args, context }) {
    const given = args.dump;
    if (given !== undefined && args.latest !== undefined) throw usageError("a dump and --latest exclude each other");
    const part = choosePart(args);
    const roleMap = readRoleMap(args.roleMap);
    requireFitting(args, part !== undefined);
    const live = await context.openTarget(args.target);
    const atRemote = remoteWordOf(given);
    const findDump =
      given === "-"
        ? spoolFromStdin(await context.storeDir())
        : atRemote !== undefined
          ? await remoteDump(context, atRemote)
          : await fixedDump(context, { given, latest: args.latest }, live.target);
    const { intoNew } = args;
    const tools = await context.operationTools();
    if (given === "-") await tools.mayRun?.([STDIN_PATH]);
    const { owner, tablespaces, skipExtension: skippedExtensions } = args;
    const choice = { noOwner: !owner, noTablespaces: !tablespaces, skippedExtensions };
    if (part !== undefined)
      return void (await restorePart(context, live, { findDump, part, ...choice, dryRun: args.dryRun }));
    const request: RestoreRequest = {
      askFirst: given === "-",
      findDump,
      ...(intoNew === undefined ? {} : { intoNew }),
      ...{ ...choice, skipForbidden: args.skipForbidden, schemaOnly: args.schemaOnly },
      ...(roleMap === undefined ? {} : { roleMap }),
      ...(args.searchPath === undefined ? {} : { searchPath: args.searchPath }),
      ...(args.jobs === undefined ? {} : { jobs: args.jobs }),
      discardPrevious: args.discardPrevious,
      services: (await context.config())?.config.services ?? [],
      wanted: await mainSchemas(context),
      consent: async (loss, foreign, dump) => {
        const { target } = live;
        const by = dump === undefined ? undefined : describeDump(dump, context.clock.now());
        await consentToReplacement(context, target, describeReplacement(loss, target.label, by), foreign);
      },
      approveForeign: (foreign) => approveForeign(context, live.target, foreign),
      ...(args.globals ? { approveRoles: (roles) => approveRoles(context, live.target, roles) } : {}),
    };
    if (args.dryRun) {
      const plan = await planRestore(tools, live, request);
      const now = context.clock.now();
      return void (await context.output.answer(planDocument(plan), () => renderPlan(plan, live.target.label, now)));
    }
    const started = context.clock.now();
    const result = await restoreDump(tools, live, request);
    const durationMs = context.clock.now().getTime() - started.getTime();
    await context.output.answer(resultDocument(result, durationMs), () => renderResult(result, durationMs));
  },
});

/** Throws (exit 2) for flags of which one is about a whole dump, and the other about a part. */
function requireFitting(
  args: {
    schemaOnly: boolean;
    dataOnly: boolean;
    intoNew?: string | undefined;
    globals: boolean;
    owner: boolean;
    roleMap: readonly string[];
    discardPrevious: boolean;
  },
  isPart: boolean,
): void {
  if (args.schemaOnly && args.dataOnly) throw usageError("--schema-only and --data-only exclude each other");
  if (args.roleMap.length > 0 && !args.owner)
    throw usageError("--role-map says who owns what, and --no-owner leaves owners out: they exclude each other");
  if (!isPart) return;
  const whole = [
    ...(args.intoNew === undefined ? [] : ["--into-new"]),
    ...(args.globals ? ["--globals"] : []),
    ...(args.roleMap.length > 0 ? ["--role-map"] : []),
    ...(args.discardPrevious ? ["--discard-previous"] : []),
  ];
  if (whole.length > 0)
    throw usageError(`${whole.join(" and ")}: for a whole dump, not for a part that goes into a database as it is`);
}
