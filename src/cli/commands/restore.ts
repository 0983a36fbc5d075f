import { availableParallelism } from "node:os";
import {
  planRestore,
  type RestorePlan,
  type RestoreRequest,
  type RestoreResult,
  restoreDump,
} from "../../dump/restore.ts";
import { spoolDump } from "../../dump/spool.ts";
import { createdAt, listDumps, requireDump, requireLatestDump, type StoredDump } from "../../dump/store.ts";
import { missingError, usageError } from "../../errors.ts";
import type { Operation } from "../../sys/operation.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { formatAge, formatBytes, formatCount, formatDuration, plural } from "../format.ts";
import { describeLoss, describeReplacement, mainSchemas } from "../loss.ts";
import { formatFields } from "../table.ts";

/** More than four tables at once does not pay in a database that fits on a laptop. */
const MOST_JOBS = 4;

export const command = defineCommand({
  meta: {
    details:
      "The dump is checked whole, loaded into a scratch database, compared with its manifest, and only then swapped in. Until " +
      "then the target is not touched. What is replaced is kept as DATABASE_before_restore until the next restore or copy; a schema is not kept.",
    examples: [
      { line: "pgrove restore --latest", about: "the newest dump into main" },
      { line: "pgrove restore main-20260115-143022.dump --into-new inspect", about: "beside it, to look at" },
      { line: "ssh prod pg_dump -Fc app | pgrove restore - --to main --yes", about: "from a pipe" },
    ],
  },
  args: {
    dump: {
      type: "positional",
      required: false,
      completes: "dump",
      description: "a dump's name, a path, or - for stdin; left out, a list to choose from",
    },
    to: {
      type: "string",
      valueHint: "TARGET",
      target: true,
      completes: "target",
      description: "what is replaced; default: the worktree you stand in",
    },
    latest: {
      type: "string",
      valueHint: "SOURCE",
      optionalValue: true,
      completes: "target",
      description: "the newest dump [of SOURCE]",
    },
    "into-new": {
      type: "string",
      valueHint: "DB",
      description: "into a new database of that name; nothing is replaced",
    },
    owner: {
      type: "boolean",
      default: true,
      negativeDescription: "leave owners and grants out: everything belongs to the login",
    },
    jobs: {
      type: "string",
      alias: "j",
      valueHint: "N",
      number: { min: 1, max: 64 },
      description: "load N tables at once",
    },
    "discard-previous": { type: "boolean", description: "drop the replaced database at once" },
    "dry-run": { type: "boolean", description: "check everything, say what would be replaced, and change nothing" },
  },
  async run({ args, context }) {
    const given = args.dump;
    if (given !== undefined && args.latest !== undefined) throw usageError("a dump and --latest exclude each other");
    const live = await context.openTarget(args.target);
    const findDump =
      given === "-" ? spoolFromStdin(await context.storeDir()) : await fixedDump(context, given, args.latest);
    const intoNew = args.intoNew;
    const tools = await context.operationTools();
    const request: RestoreRequest = {
      askFirst: given === "-",
      findDump,
      ...(intoNew === undefined ? {} : { intoNew }),
      noOwner: !args.owner,
      jobs: args.jobs ?? Math.min(MOST_JOBS, availableParallelism()),
      discardPrevious: args.discardPrevious,
      services: (await context.config())?.config.services ?? [],
      wanted: await mainSchemas(context),
      consent: (loss) =>
        context.requireConsent({ target: live.target, ...describeReplacement(loss, live.target.label) }),
    };
    if (args.dryRun) {
      const plan = await planRestore(tools, live, request);
      return void (await context.output.answer(planDocument(plan), () => renderPlan(plan, live.target.label)));
    }
    const started = context.clock.now();
    const result = await restoreDump(tools, live, request);
    const durationMs = context.clock.now().getTime() - started.getTime();
    await context.output.answer(toDocument(result, durationMs), () => render(result, durationMs));
  },
});

function spoolFromStdin(folder: string) {
  return (operation: Operation) => spoolDump(operation, Bun.stdin.stream(), folder);
}

/** The dump of that name, or the newest: `latest` is true, or whose. */
async function fixedDump(context: Context, given: string | undefined, latest: string | true | undefined) {
  const dump = await chooseDump(context, given, latest);
  return () => Promise.resolve(dump);
}

async function chooseDump(
  context: Context,
  given: string | undefined,
  latest: string | true | undefined,
): Promise<StoredDump> {
  const folder = await context.storeDir();
  if (latest !== undefined) return await requireLatestDump(folder, latest === true ? undefined : latest);
  if (given !== undefined) return await requireDump(given, folder, context.cwd, context.home);
  const dumps = await listDumps(folder);
  if (dumps.length === 0) throw missingError("dump_missing", `there is no dump in ${folder}`, "pgrove dump");
  if (!context.prompt.available)
    throw usageError("which dump? there is no terminal to ask on", "pgrove restore --latest");
  const now = context.clock.now();
  const choices = dumps.map((dump) => ({
    value: dump,
    label: dump.name,
    hint: `${formatBytes(dump.sizeBytes)}, ${formatAge(new Date(createdAt(dump)), now)}`,
  }));
  return await context.prompt.pick("Which dump?", choices);
}

function planDocument({ dump, checked, database, schema, loss }: RestorePlan) {
  const replaces = loss === undefined ? null : { size_bytes: loss.sizeBytes, sessions: loss.sessions.length };
  return { dry_run: true, dump, checked, database, schema: schema ?? null, replaces };
}

function renderPlan({ dump, database, schema, loss }: RestorePlan, label: string): string {
  return formatFields([
    ["would restore", dump],
    ["replacing", loss === undefined ? `nothing: ${schema ?? database} would be new` : describeLoss(loss, label)],
    ["checked", "the dump is whole, and the server has what it needs"],
  ]);
}

function toDocument(result: RestoreResult, durationMs: number) {
  return {
    dump: result.dump,
    database: result.database,
    schema: result.schema ?? null,
    size_bytes: result.sizeBytes,
    previous: result.previous ?? null,
    tables: result.comparison?.tables ?? null,
    rows: result.comparison?.rows ?? null,
    services_restarted: result.servicesRestarted,
    duration_ms: durationMs,
  };
}

function render(result: RestoreResult, durationMs: number): string {
  const { comparison, previous } = result;
  const compared =
    comparison === undefined ? "" : `, ${plural(comparison.tables, "table")}, ${formatCount(comparison.rows)} rows`;
  return formatFields([
    ["restored", `${result.dump} in ${formatDuration(durationMs)}`],
    ["database", `${result.database}: ${formatBytes(result.sizeBytes)}${compared}`],
    ["schema", result.schema],
    ["previous", previous === undefined ? undefined : `kept as ${previous} until the next restore or copy`],
    ["services", result.servicesRestarted === 0 ? undefined : `${result.servicesRestarted} stopped and started again`],
  ]);
}
