/** A worktree's data: found where it is, else made with what the worktree is to start with. */
import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { copyDatabase } from "../copy/copy.ts";
import { replaceByEmpty } from "../copy/empty.ts";
import type { DoubtfulDump } from "../dump/foreign.ts";
import { roleMapRefusal } from "../dump/map-dump.ts";
import { restoreDump } from "../dump/restore.ts";
import { requireDump } from "../dump/store.ts";
import { refusal } from "../errors.ts";
import type { Session } from "../postgres/occupants.ts";
import type { InitialData, WorktreeRow } from "../repo/registry.ts";
import { resolveTarget } from "../resolve/resolve.ts";
import type { LiveTarget } from "../resolve/target.ts";
import { givesRoles } from "../resolve/worktree-target.ts";
import { once } from "../sys/once.ts";
import { markOf } from "../unit/marks.ts";
import type { Loss, WhenBusy } from "../unit/unit.ts";
import { openStarted } from "../work/lifecycle.ts";
import type { Home } from "./home.ts";
import { homeOf } from "./home-of.ts";
import { openMain } from "./open-main.ts";
import { isInOwnStore, type StorePlace } from "./own-store.ts";
import type { WorktreeTools } from "./tools.ts";

export interface DataRequest {
  /** What the journal calls it: the command that makes the data. */
  as: "new" | "provision" | "reset";
  /** The repository's identity. */
  repository: string;
  /** Start servers that do not run. */
  start: boolean;
  /** Where a dump's name is looked up. */
  dumps: { storeDir: string; cwd: string; home: string };
  /** Asked when the source has to be disconnected for a moment. */
  whenBusy: (label: string, sessions: Session[]) => Promise<WhenBusy>;
  /** Asked before a dump is restored that pgrove.yaml names and that is not in the user's own store; throws to refuse. */
  approveDump?: (path: string, database: string) => Promise<void>;
  /** Asked before the SQL of somebody else's dump is run; throws to refuse. */
  approveForeign: (foreign: DoubtfulDump, database: string) => Promise<void>;
  /** The main database, where it was opened before. */
  main?: LiveTarget;
}

/** How a worktree came to its data. */
export interface DataReport {
  row: WorktreeRow;
  live: LiveTarget;
  /** Undefined when it had been there before. */
  made?: MadeData;
}

export interface MadeData {
  how: "template" | "stream" | "dump" | "empty";
  /** The label of what was copied, the dump's name; undefined when it is empty. */
  from?: string;
  sizeBytes: number;
  durationMs: number;
}

/**
 * What a worktree is to start with, so that it is found again from any folder: a dump of the store by its name, another
 * one by its path. Throws (exit 4) when it is not there: a target that nothing is called, a dump that does not exist; and
 * (exit 5) where roles are to take the places of the dump's in a schema that belongs to its own.
 */
export async function requireInitialData(
  { place, loaded }: WorktreeTools,
  data: InitialData,
  { storeDir, cwd, home }: DataRequest["dumps"],
): Promise<InitialData> {
  if (data.kind === "dump") {
    if (data.roleMap !== undefined && givesRoles(loaded.config)) throw roleMapRefusal("a worktree's schema", "");
    const { name, path } = await requireDump(data.dump, storeDir, cwd, home);
    const isStored = path === join(storeDir, name) && (await lstat(path)).isFile(); // the store has no links
    return { ...data, dump: isStored ? name : path };
  }
  if (data.kind === "copy" && data.source !== "main") await resolveTarget(data.source, place);
  return data;
}

/** The worktree's data, made when they are not there. Throws and leaves none when they cannot be made. */
export async function ensureData(tools: WorktreeTools, given: WorktreeRow, request: DataRequest): Promise<DataReport> {
  const openMainOnce = once(async () => request.main ?? (await openMain(tools, request.start)));
  const { repository, start } = request;
  const located = await homeOf(tools, given).locate({ repository, start, openMain: openMainOnce });
  const { row, live, exists } = located;
  if (exists) return { row, live };
  const home = homeOf(tools, row);
  const consent = async (loss: Loss, foreign?: DoubtfulDump) => {
    requireItsOwn(home, row, loss);
    if (foreign !== undefined) await request.approveForeign(foreign, live.database);
  };
  const fill = { ...request, services: [], consent, discardPrevious: true, openMain: openMainOnce };
  const made = await fillData(tools, row, live, fill);
  await home.settle(live, repository);
  return { row, live, made };
}

/**
 * Only the empty database that a container comes with is replaced. Throws (exit 5) for any other: somebody, or another
 * run, has made it since it was looked for.
 */
function requireItsOwn({ comesWithDatabase }: Home, row: WorktreeRow, { label }: Loss): void {
  if (comesWithDatabase) return;
  throw refusal("made_meanwhile", `${label} was made by somebody else meanwhile`, `pgrove provision ${row.name}`);
}

/** How data are put where there may be some already. */
export interface FillRequest extends DataRequest {
  openMain: () => Promise<LiveTarget>;
  discardPrevious: boolean;
  services: readonly string[];
  /** Asked before anything is replaced; throws when it is not wanted. */
  consent: (loss: Loss, foreign?: DoubtfulDump) => Promise<void>;
}

/** Makes the data as the row says. A new database is born with the worktree's mark, so that it is never nobody's. */
export async function fillData(
  tools: WorktreeTools,
  row: WorktreeRow,
  live: LiveTarget,
  request: FillRequest,
): Promise<MadeData> {
  const started = performance.now();
  const operation = { ...tools.operation, as: request.as };
  const comment = markOf(row, request.repository);
  const { discardPrevious, services, consent } = request;
  const common = { discardPrevious, services, consent, comment };
  const made = (how: MadeData["how"], sizeBytes: number, from?: string): MadeData => {
    return { how, sizeBytes, durationMs: performance.now() - started, ...(from === undefined ? {} : { from }) };
  };
  if (row.data.kind === "empty") {
    const like = () => homeOf(tools, row).findModel(request.openMain);
    await replaceByEmpty(operation, live, { ...common, like });
    return made("empty", 0);
  }
  if (row.data.kind === "dump") {
    const { storeDir, cwd, home } = request.dumps;
    const dump = await requireDump(row.data.dump, storeDir, cwd, home);
    if (row.data.configured && !(await isInOwnStore(storePlaceOf(tools), dump.path, storeDir))) {
      await request.approveDump?.(dump.path, live.database);
    }
    const { roleMap } = row.data;
    const restored = await restoreDump(operation, live, {
      ...{ ...common, noOwner: false, findDump: async () => dump },
      ...(roleMap === undefined ? {} : { roleMap: new Map(roleMap) }),
      approveForeign: (foreign) => request.approveForeign(foreign, live.database),
    });
    return made("dump", restored.sizeBytes, restored.dump);
  }
  const source = await openSource(tools, row.data.source, request);
  const { label } = source.target;
  const whenBusy = (sessions: Session[]) => request.whenBusy(label, sessions);
  const copying = { ...common, strategy: "auto" as const, schemaOnly: false, whenBusy };
  const copied = await copyDatabase(operation, source, live, copying);
  return made(copied.strategy, copied.sizeBytes, label);
}

function storePlaceOf({ loaded, repository, place, operation }: WorktreeTools): StorePlace {
  return { loaded, repository, environment: place.environment, runner: operation.runner };
}

/** What a new worktree's data are copied from. */
async function openSource(
  tools: WorktreeTools,
  source: string,
  { openMain: openMainOnce, start }: FillRequest,
): Promise<LiveTarget> {
  if (source === "main") return await openMainOnce();
  return await openStarted(await resolveTarget(source, tools.place), tools, start);
}
