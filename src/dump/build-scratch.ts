/** Loads a checked dump into the run's scratch database: what every restore does before it replaces anything. */

import type { ElevatedStatement } from "../archive/elevated.ts";
import type { Skipping } from "../archive/wants.ts";
import { messageOf, missingError } from "../errors.ts";
import { dropDatabase } from "../postgres/admin.ts";
import { mayRefuse, tryExtensions } from "../postgres/refused-extensions.ts";
import type { LiveTarget } from "../resolve/target.ts";
import type { Operation } from "../sys/operation.ts";
import { analyzeDatabase } from "../unit/analyze.ts";
import { sayRefused } from "../unit/left-extensions.ts";
import { beginRestoring, inRestored } from "../unit/restoring-mode.ts";
import { createScratch, inScratch } from "../unit/scratch.ts";
import { createHomes } from "../unit/selection.ts";
import { createStatement, type DatabaseShape } from "../unit/swap.ts";
import type { Loss } from "../unit/unit.ts";
import type { Work } from "../work/work.ts";
import type { PartChoice } from "./choose-parts.ts";
import { type Comparison, compareWithManifest } from "./compare.ts";
import { runElevated } from "./elevate.ts";
import type { DoubtfulDump } from "./foreign.ts";
import { type InspectedDump, withSearchPath } from "./inspect.ts";
import { loadDump, placeArchive } from "./load-dump.ts";
import { restoringOf } from "./restoring.ts";
import type { StoredDump } from "./store.ts";

/** How a dump is loaded. */
export interface LoadChoice extends PartChoice {
  /** The search_path to load it with; left out, the dump's own. */
  searchPath?: string;
  /** How many tables at once; left out, what suits the dump's size and this machine. */
  jobs?: number;
}

/** What every restore is told. */
export interface LoadRequest extends LoadChoice {
  /** The dump; what comes from stdin is spooled within the operation. */
  findDump: (operation: Operation) => Promise<StoredDump>;
  /** Ask before the dump is read: what comes through a pipe is read for nothing when it is then refused. */
  askFirst?: boolean;
  services: readonly string[];
  /** The comment that a database or schema which did not exist before is born with; left out, a worktree's mark. */
  comment?: string;
  /**
   * Asked before anything is replaced, by which dump where that was read already; throws when it is not wanted. A foreign
   * dump's SQL is agreed to with it.
   */
  consent: (loss: Loss, foreign?: DoubtfulDump, dump?: StoredDump) => Promise<void>;
  /** Asked before the SQL of somebody else's dump is run where nothing is replaced; throws when it is not wanted. */
  approveForeign: (foreign: DoubtfulDump) => Promise<void>;
}

export interface Scratch {
  scratch: string;
  comparison: Comparison | undefined;
  /** It is in TimescaleDB's restoring mode, which is to be ended. */
  isRestoring: boolean;
}

/** What is loaded into it, and how. */
export interface ScratchRequest extends Pick<LoadChoice, "searchPath"> {
  jobs: number;
  shape: DatabaseShape;
  skipping: Skipping;
  /** What the administrator makes of it. */
  elevated: readonly ElevatedStatement[];
}

/** The scratch database, loaded, analyzed and compared. It is dropped when the operation ends without a swap. */
export async function buildScratch(
  work: Work,
  live: LiveTarget,
  inspected: InspectedDump,
  request: ScratchRequest,
): Promise<Scratch> {
  const mode = restoringOf(inspected, request);
  const isRestoring = mode !== undefined;
  const loading = mode === undefined ? request : { ...request, skipping: mode.skipping, jobs: 1 };
  if (isRestoring && request.jobs > 1) work.tools.note("TimescaleDB's tables are loaded one at a time");
  const begin = async (made: string) => {
    if (mode !== undefined) await beginRestoring(work, made, mode);
  };
  const scratch = await loadScratch(work, live, withSearchPath(inspected, request.searchPath), { ...loading, begin });
  const comparison = await inRestored(work, scratch, isRestoring, async (sql) => {
    work.tools.progress({ phase: "analyze" });
    await analyzeDatabase(sql);
    return await compareWithManifest(sql, inspected);
  });
  for (const doubt of comparison?.doubts ?? []) work.tools.note(doubt);
  return { scratch, comparison, isRestoring };
}

/** Loads the scratch database: by several jobs, and once more by one when the server found them in a deadlock. */
async function loadScratch(
  work: Work,
  live: LiveTarget,
  inspected: InspectedDump,
  request: ScratchRequest & { begin: (scratch: string) => Promise<void> },
): Promise<string> {
  const { jobs, shape, skipping, elevated, searchPath, begin } = request;
  const create = async () => {
    const made = await createScratch(work, (name) => createStatement(name, shape));
    const { schema: part, extensions = [] } = inspected.dump.manifest ?? {};
    const taken = extensions.filter(({ name }) => !skipping.objects.has(`extension ${name}`));
    if (part !== undefined) await inScratch(work, made, (sql) => createHomes(sql, taken, part));
    await requireTaken(work, live, inspected, { scratch: made, skipping, elevated });
    await runElevated(work, made, elevated, "front");
    await begin(made);
    return made;
  };
  // At once, and both to their end: what is still being placed could not be removed.
  const [created, placing] = await Promise.allSettled([create(), placeArchive(work, live, inspected, request)]);
  if (created.status === "rejected") throw created.reason;
  if (placing.status === "rejected") throw placing.reason;
  const scratch = created.value;
  const load = { database: scratch, placed: placing.value, skipping, searchPath };
  try {
    await loadDump(work, live, inspected, { ...load, jobs });
  } catch (error) {
    // pg_restore attaches the indexes of partitions while other jobs hold locks on them.
    if (jobs <= 1 || !/deadlock/i.test(messageOf(error))) throw error;
    work.tools.note("pg_restore's jobs locked each other out: loading once more, one table at a time");
    await dropDatabase(work.control, scratch);
    await create();
    await loadDump(work, live, inspected, { ...load, jobs: 1 });
  }
  await runElevated(work, scratch, elevated, "back");
  return scratch;
}

/** Throws (exit 4) when the scratch database may not have an extension that the dump creates. */
async function requireTaken(
  work: Work,
  { target }: LiveTarget,
  { dump, extensions }: InspectedDump,
  { scratch, skipping, elevated }: Pick<ScratchRequest, "skipping" | "elevated"> & { scratch: string },
): Promise<void> {
  const others = new Set([...skipping.objects, ...elevated.map(({ object }) => object)]);
  const tried = extensions.filter((name) => !others.has(`extension ${name}`)).map((name) => ({ name }));
  if (tried.length === 0 || !(await mayRefuse(work.control))) return;
  const refused = await inScratch(work, scratch, (sql) => tryExtensions(sql, tried));
  if (refused.length === 0) return;
  throw missingError(
    "extension_refused",
    `${target.label} refuses what ${dump.name} needs: ${refused.map(sayRefused).join("; ")}`,
    `leave it out, with what does not need it: ${refused.map(({ name }) => `--skip-extension ${name}`).join(" ")}`,
  );
}
