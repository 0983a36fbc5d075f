/**
 * The records of runs that have begun and not ended, one file each. What outlives a killed process is written down here
 * *before* it is made, so that the next run can clear it. A record is input: it may have come with a stranger's `.git`, or
 * be that of a run in a container or on another machine, which is not to be judged by this one's processes.
 */
import { createHash } from "node:crypto";
import { readdir, readlink, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, isAbsolute, join, normalize } from "node:path";
import * as v from "valibot";
import { failure, messageOf } from "../errors.ts";
import { ensureDir, errorCode, isTemporaryPath, readTextIfExists, writeFileAtomic } from "./files.ts";
import { once } from "./once.ts";
import { applicationName, parseRunId, type RunId } from "./run-id.ts";
import { ensureSigner, findSigner, type Signer } from "./signature.ts";
import { parseJson } from "./untyped.ts";

/** Something outside the process that a killed run leaves behind. What lies inside a server is found there instead. */
export type Leftover =
  | { kind: "path"; path: string }
  | { kind: "container-path"; container: string; path: string }
  | { kind: "client-containers"; run: RunId }
  | { kind: "stopped-services"; containers: readonly string[] }
  | BesideDumps
  | ReplacedFile;

/** Of dumps that get their names, or are removed: what lies beside one of them is nobody's when it is not there itself. */
export interface BesideDumps {
  kind: "beside-dumps";
  folder: string;
  /** What the names of the files end with that lie beside a dump; that of the manifest is the last. */
  endings: readonly string[];
  /** By the name of each dump, which file its manifest is. */
  manifests: Readonly<Record<string, string>>;
}

/** A file that another one takes the place of, with what lies beside it: until then they have second names, from which they come back. */
export interface ReplacedFile {
  kind: "replaced-file";
  path: string;
  /** Which file the new one is. */
  by: string;
  /** The second names, by what the name of each file ends with beyond `path`; the file's own is empty. */
  asides: Readonly<Record<string, string>>;
}

/** Where the records are, and the key that shows them to be ours. */
export interface RecordPlace {
  stateDir: string;
  userKey: string;
}

/** Where a process number says something: a container and its host have processes, and boots, of their own. */
interface ProcessPlace {
  host: string;
  boot: string;
  pids: string;
}

/** A run that has begun and not ended. */
export interface OpenRun {
  version: typeof VERSION;
  run: RunId;
  operation: string;
  target: string;
  /** The server's label; empty where none is concerned. */
  server: string;
  place: ProcessPlace;
  pid: number;
  /** When the process started, in the kernel's own words: a pid alone is used again. */
  born: string;
  leftovers: Leftover[];
}

const VERSION = 2;
const PURPOSE = "run record";

function runsFolder(stateDir: string): string {
  return join(stateDir, "runs");
}

function recordFile(stateDir: string, run: RunId): string {
  return join(runsFolder(stateDir), `${run}.json`);
}

/** Throws (exit 1) when nothing can be written down there: a run that is killed then could not be cleared up after. */
async function requireStateFolder(stateDir: string): Promise<void> {
  try {
    await ensureDir(runsFolder(stateDir));
  } catch (error) {
    throw failure(
      "state_unwritable",
      `pgrove cannot write down what it does: ${stateDir} (${errorCode(error) ?? error})`,
      "make that folder writable; outside of a git repository XDG_STATE_HOME names another one, such as /dev/shm",
      error,
    );
  }
}

/** Writes down that a run has begun. Where it cannot be signed that is told with the first leftover: nobody will clear it. */
export async function openRecord(
  { stateDir, userKey }: RecordPlace,
  begun: Pick<OpenRun, "run" | "operation" | "target" | "server">,
  note: (text: string) => void,
) {
  await requireStateFolder(stateDir);
  const [place, born] = await Promise.all([ownPlace(), processBirth(process.pid)]);
  const record: OpenRun = { version: VERSION, ...begun, place, pid: process.pid, born: born ?? "", leftovers: [] };
  let signer: Signer | undefined;
  let unsigned: unknown;
  try {
    signer = await ensureSigner(userKey);
  } catch (error) {
    unsigned = error;
  }
  const tellUnsigned = once(() => {
    if (unsigned === undefined) return;
    note(`${messageOf(unsigned)}; what this run leaves if it is killed is not cleared by the next one`);
  });
  // Stopped services must be known after a power cut, too; a stray temporary file is worth no fsync.
  const save = (durable = false) => saveRecord(stateDir, record, signer, durable);
  await save();
  return {
    file: recordFile(stateDir, record.run),
    close: () => rm(recordFile(stateDir, record.run), { force: true }),
    /** From now on the run lives as long as that process does, which removes the record's file in the end. */
    handOver: async (pid: number) => {
      Object.assign(record, { pid, born: (await processBirth(pid)) ?? "" });
      await save();
    },
    remember: async (leftover: Leftover) => {
      tellUnsigned();
      record.leftovers.push(leftover);
      await save(leftover.kind === "stopped-services");
      return async () => {
        const place = record.leftovers.indexOf(leftover);
        if (place >= 0) record.leftovers.splice(place, 1);
        await save();
      };
    },
  };
}

async function saveRecord(stateDir: string, record: OpenRun, signer: Signer | undefined, durable: boolean) {
  const text = JSON.stringify(record);
  const signed = signer === undefined ? record : { ...record, signature: signer.sign(PURPOSE, text) };
  await writeFileAtomic(recordFile(stateDir, record.run), JSON.stringify(signed), { durable });
}

/** What the records tell of runs that may be dead. */
export interface EndedRuns {
  /** Their processes ran here, and are gone. */
  dead: OpenRun[];
  /** Runs of another machine, container or boot: the claims in their server say whether they live. */
  elsewhere: OpenRun[];
  /** The files of records that this user's pgrove has not written: nothing is done for their sake. */
  foreign: string[];
}

/** Looks through the records of this state folder. */
export async function findEndedRuns({ stateDir, userKey }: RecordPlace): Promise<EndedRuns> {
  const found: EndedRuns = { dead: [], elsewhere: [], foreign: [] };
  const names = await listRecords(stateDir);
  if (names.length === 0) return found;
  const [signer, place] = await Promise.all([findSigner(userKey), ownPlace()]);
  for (const name of names) {
    const file = join(runsFolder(stateDir), name);
    const parsed = parseRecord(await readTextIfExists(file).catch(() => undefined), name);
    if (parsed === undefined) continue;
    const { record, text, signature } = parsed;
    const isHere = record.place === undefined || Bun.deepEquals(record.place, place); // an older pgrove's says no place
    if (isHere && (await processBirth(record.pid)) === record.born) continue;
    if (signer?.isSigned(PURPOSE, text, signature) === true) (isHere ? found.dead : found.elsewhere).push(record);
    else if (isHere) found.foreign.push(file);
  }
  return found;
}

/** Writes down what is still left of a dead run. */
export async function keepRun({ stateDir, userKey }: RecordPlace, record: OpenRun): Promise<void> {
  await saveRecord(stateDir, record, await findSigner(userKey), true);
}

/** Forgets a dead run whose leftovers were cleared. */
export async function removeRecord({ stateDir }: RecordPlace, { run }: OpenRun): Promise<void> {
  await rm(recordFile(stateDir, run), { force: true });
}

/** Whether a path is one that a run of pgrove makes for itself: no record makes it remove another one. */
export function isOwnPath(path: string, run: RunId): boolean {
  if (!isAbsolute(path) || normalize(path) !== path) return false;
  return isTemporaryPath(path) || basename(path).startsWith(`.${applicationName(run)}-`);
}

/** What stands for the place in names: a process number of another one says nothing here. */
export async function ownPlaceKey(): Promise<string> {
  return createHash("sha256")
    .update(JSON.stringify(await ownPlace()))
    .digest("hex")
    .slice(0, 8);
}

async function ownPlace(): Promise<ProcessPlace> {
  const [boot, pids] = await Promise.all([
    readTextIfExists("/proc/sys/kernel/random/boot_id"),
    readlink("/proc/self/ns/pid").catch(() => ""),
  ]);
  return { host: hostname(), boot: boot?.trim() ?? "", pids };
}

/** When a process started, or undefined when it does not run. Linux: field 22 of /proc/PID/stat, with the boot's id. */
export async function processBirth(pid: number): Promise<string | undefined> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (errorCode(error) !== "EPERM") return undefined;
  }
  const found = await readTextIfExists(`/proc/${pid}/stat`);
  if (found === undefined) return "alive"; // no /proc here: the pid has to do
  const fields = found.slice(found.lastIndexOf(")") + 2).split(" ");
  if (fields[0] === "Z") return undefined;
  const boot = (await readTextIfExists("/proc/sys/kernel/random/boot_id"))?.trim() ?? "";
  return `${boot}/${fields[19]}`;
}

const TEMPORARY_RECORD = /^\.\d{14}[a-f0-9]{8}\.json\.\d+\.[a-f0-9]+\.tmp$/;
/** No run takes so long to write something. Whose process it was cannot be told: it may be a container's. */
export const TEMPORARY_LASTS_MS = 24 * 3_600_000;

/** The names of the records. What a process left that died while it wrote one is removed. */
async function listRecords(stateDir: string): Promise<string[]> {
  const folder = runsFolder(stateDir);
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
  for (const name of names.filter((each) => TEMPORARY_RECORD.test(each))) {
    const file = join(folder, name);
    const written = await stat(file).catch(() => undefined);
    if (written !== undefined && Date.now() - written.mtimeMs > TEMPORARY_LASTS_MS) await rm(file, { force: true });
  }
  return names.filter((name) => name.endsWith(".json") && parseRunId(name.slice(0, -".json".length)) !== undefined);
}

/** A record, and what of it was signed; undefined when it is half-written, a newer pgrove's, or not the file's own. */
function parseRecord(
  text: string | undefined,
  name: string,
): { record: OpenRun; text: string; signature: unknown } | undefined {
  const parsed = parseJson(text); // undefined where a crash has half-written it, before anything was made
  if (!isOpenRun(parsed)) return undefined;
  const { signature, ...record } = parsed;
  return `${record.run}.json` === name ? { record, text: JSON.stringify(record), signature } : undefined;
}

const begun = { run: v.string(), leftovers: v.array(v.unknown()) };
const recordForm = v.variant("version", [
  v.looseObject({ version: v.literal(1), ...begun }),
  v.looseObject({ version: v.literal(VERSION), place: v.looseObject({}), ...begun }),
]);

/** As much as tells one from others: an unsigned record is only looked at, and a signed one has the form that it was written in. */
function isOpenRun(value: unknown): value is OpenRun & { signature?: unknown } {
  return v.is(recordForm, value);
}
