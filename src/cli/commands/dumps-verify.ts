import { openKeyring } from "../../dump/authorship.ts";
import { type Depth, lastTried, trustedResults } from "../../dump/proof.ts";
import { proveDumps } from "../../dump/prove.ts";
import { listDumps, requireDump, requireLatestDump, type StoredDump } from "../../dump/store.ts";
import { exitOf, recordVerdicts, verifyDumps } from "../../dump/verify.ts";
import { EXIT, PgroveError, usageError } from "../../errors.ts";
import type { LiveTarget } from "../../resolve/target.ts";
import type { OperationTools } from "../../sys/operation.ts";
import { renderVerdicts, verdictDocument } from "../answers/dumps.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { approveForeign } from "../foreign-dump.ts";
import { SKIP_EXTENSION } from "../grammar.ts";
import { ROLE_MAP, readRoleMap } from "../role-map.ts";

export const verify = defineCommand({
  takesTarget: true,
  meta: {
    details:
      "A dump of your own is compared with its SHA-256; another one is read to its end as well. --restore restores each on a server " +
      "of its own version: the target's where that fits, else one that is there only for it. The result is written beside the " +
      "dump; `dumps list` shows it, and `dumps prune` keeps the newest that was proved. Exit 6 when one is damaged or differs; with " +
      "--restore 4 when the server lacks what one needs, 5 or 1 when it does not take one for another reason.",
    examples: [
      { line: "pgrove dumps verify --all", about: "is every dump whole?" },
      { line: "pgrove dumps verify --restore main-20260115-143022.dump", about: "can it really be restored?" },
      {
        line: "pgrove dumps verify --deep --sample 1",
        about: "for cron: the one whose proof is oldest, to the last row",
      },
    ],
  },
  args: {
    dump: { type: "positional", required: false, rest: true, completes: "dump", description: "names or paths" },
    all: { type: "boolean", description: "every dump of the store" },
    latest: { type: "boolean", description: "the newest dump of the store" },
    sample: {
      ...{ type: "string", valueHint: "N", number: { min: 1 } },
      description: "the N that were verified that deep the longest ago, or never",
    },
    restore: { type: "boolean", description: "also restore each into a scratch database, which is dropped again" },
    deep: {
      type: "boolean",
      description: "also compare contents, as far as the dump recorded them (dump --prove: all)",
    },
    ...ROLE_MAP,
    ...SKIP_EXTENSION,
  },
  async run({ args, context }) {
    const depth: Depth = args.deep ? "contents" : args.restore ? "restore" : "checksum";
    const roleMap = readRoleMap(args.roleMap);
    const skippedExtensions = args.skipExtension;
    const ofRestore =
      roleMap !== undefined ? "--role-map" : skippedExtensions.length > 0 ? "--skip-extension" : undefined;
    if (ofRestore !== undefined && depth === "checksum")
      throw usageError(`${ofRestore} is about a restore: it wants --restore or --deep beside it`);
    const tools = await context.operationTools();
    const dumps = await chooseDumps(context, tools, { ...args, names: args.dump, depth });
    const reading = async () => ({ ...(await context.serverTools()), live: await findLive(context, args.target) });
    const verdicts = await verifyDumps(dumps, tools, { keyring: await openKeyring(tools), reading });
    if (depth !== "checksum") {
      const live = await findLive(context, args.target);
      const target = live?.target ?? { label: "a throw-away server", name: "throw-away", protected: false };
      await proveDumps(tools, await context.serverTools(), verdicts, {
        ...{ live, deep: args.deep, roleMap, skippedExtensions },
        ...{ approveForeign: (foreign) => approveForeign(context, target, foreign) },
      });
    }
    await recordVerdicts(verdicts, tools);
    await context.output.answer({ dumps: verdicts.map(verdictDocument) }, () => renderVerdicts(verdicts));
    return exitOf(verdicts);
  },
});

interface Choice {
  names: readonly string[];
  all: boolean;
  latest: boolean;
  sample: number | undefined;
  depth: Depth;
}

async function chooseDumps(context: Context, tools: OperationTools, choice: Choice): Promise<StoredDump[]> {
  const { names, all, latest, sample, depth } = choice;
  const ways = [names.length > 0, all, latest, sample !== undefined].filter((way) => way);
  if (ways.length === 0) throw usageError("which dump?", "pgrove dumps verify --all");
  if (ways.length > 1) throw usageError("dumps, --all, --latest and --sample exclude each other");
  const folder = await context.storeDir();
  if (latest) return [await requireLatestDump(folder)];
  if (names.length > 0) {
    return await Promise.all(names.map((name) => requireDump(name, folder, context.cwd, context.home)));
  }
  const dumps = await listDumps(folder);
  if (sample === undefined) return dumps;
  const keyring = await openKeyring(tools);
  const tried = (dump: StoredDump) => lastTried(trustedResults(dump, keyring), depth);
  const own = dumps.filter(({ manifest }) => manifest !== undefined && keyring.owns(manifest));
  return own.sort((a, b) => tried(a) - tried(b)).slice(0, sample); // of those never tried the newest first
}

/** The target, where its server runs: one that was named has to. */
async function findLive(context: Context, named: string | undefined): Promise<LiveTarget | undefined> {
  try {
    return await context.openTarget(named);
  } catch (error) {
    const isAbsent = error instanceof PgroveError && (error.exit === EXIT.missing || error.exit === EXIT.config);
    if (named === undefined && isAbsent) return undefined;
    throw error;
  }
}
