/** A whole database as a unit. */
import {
  connectForAdmin,
  databaseExists,
  databaseSizeBytes,
  discardedName,
  dropDatabase,
  requireNothingBound,
} from "../postgres/admin.ts";
import type { Claim } from "../postgres/claims.ts";
import { requireClaim } from "../postgres/claims.ts";
import { listExtensionWorkers, listSessions, requireVacatable } from "../postgres/occupants.ts";
import { isWorktreeMark } from "../postgres/ownership.ts";
import type { LiveTarget } from "../resolve/target.ts";
import type { Work } from "../work/work.ts";
import { chooseStrategy, copyIntoScratch, requireCopyable } from "./copy-files.ts";
import { requireDroppableDatabases, requireOwnDatabases } from "./droppable.ts";
import { dropOwned, findKept, keepForRestore } from "./keep.ts";
import { birthMark, findBelongings, foundDatabase, listDatabases, parkable, runTogether } from "./marks.ts";
import { parkingOf, type Renaming, renameMarked, requireUnused } from "./parking.ts";
import { startJobs, TIMESCALEDB } from "./restoring-mode.ts";
import { createScratch } from "./scratch.ts";
import { withServicesStopped } from "./services.ts";
import { findStanding, requireStanding } from "./standing.ts";
import { describeStranger } from "./stranger.ts";
import { copyByStream } from "./stream.ts";
import {
  commentStatement,
  createStatement,
  type DatabaseProperties,
  type DatabaseShape,
  propertyStatements,
  readProperties,
  readShape,
  type Swap,
  swapDatabases,
} from "./swap.ts";
import type {
  AskWhenBusy,
  Built,
  CopyFill,
  EmptyFill,
  Fill,
  Keeping,
  Loss,
  Owned,
  Place,
  Replaced,
  Saved,
  SwapRequest,
  Unit,
} from "./unit.ts";

export class DatabaseUnit implements Unit {
  readonly noun = "database";
  readonly label: string;
  readonly place: Place;
  readonly isWhole = true;
  readonly keepsOwners = true;

  constructor(readonly live: LiveTarget) {
    this.label = live.database;
    this.place = { database: live.database };
  }

  claims(mode: Claim["mode"]): readonly Claim[] {
    return [{ database: this.label, mode }];
  }

  includes(other: Unit): boolean {
    return other.place.database === this.label;
  }

  async find(work: Work): Promise<Loss | undefined> {
    const standing = await findStanding(work.control, this.label);
    if (standing === undefined) return undefined;
    const sizeBytes = await databaseSizeBytes(work.control, this.label);
    const sessions = await listSessions(work.control, this.label, work.operation.run);
    const older = await findKept(work.control, this.label);
    const { place, noun, label } = this;
    return {
      ...place,
      noun,
      label,
      sizeBytes,
      sessions,
      standing,
      stranger: describeStranger(this.live, standing),
      kept: true,
      ...(older === undefined ? {} : { older }),
    };
  }

  async requireReplaceable(work: Work): Promise<void> {
    await requireNothingBound(work.control, this.label);
    await requireVacatable(work.control, this.label, work.operation.run, work.operation.abort);
    if (!(await databaseExists(work.control, this.label))) return;
    noteLost(work, this.label, await readProperties(work.control, this.label));
  }

  async findShape({ control }: Work): Promise<DatabaseShape | undefined> {
    return (await databaseExists(control, this.label)) ? await readShape(control, this.label) : undefined;
  }

  async create(_work: Work, fill: Fill): Promise<Built> {
    return { name: (await fill()).database, strategy: "stream" };
  }

  async createCopy(work: Work, source: LiveTarget, request: CopyFill): Promise<Built> {
    const strategy = await chooseStrategy(work, source, request);
    const exists = await databaseExists(work.control, this.label);
    // On one server, a database that is made as a copy has its source's settings and grants.
    const isBorn = !exists && request.oneServer;
    const properties = isBorn ? await readProperties(work.control, source.database) : undefined;
    if (properties !== undefined) noteLost(work, source.database, properties);
    const name =
      strategy === "template"
        ? await copyIntoScratch(work, source.database, exists ? this.label : source.database)
        : await copyByStream(work, source, this, request);
    return { name, strategy, ...(properties === undefined ? {} : { properties }) };
  }

  async createEmpty(work: Work, { like }: EmptyFill): Promise<Built> {
    const shape = (await this.findShape(work)) ?? {
      ...(await readShape(work.control, await like())),
      owner: this.live.toolbox.user,
    };
    return { name: await createScratch(work, (name) => createStatement(name, shape)), strategy: "stream" };
  }

  async swap(work: Work, built: Built, request: SwapRequest): Promise<Replaced> {
    const { control, operation, toolbox } = work;
    const [database, { agreed, services }] = [this.label, request];
    await requireClaim(control, database);
    await requireStanding(control, { database, agreed });
    const plan = await this.planSwap(work, built, request);
    const using = agreed === undefined ? [] : services; // nobody uses what is not there yet
    const workers = await listExtensionWorkers(control, database);
    const servicesRestarted = await withServicesStopped(work, this.live, using, async () => {
      await requireClaim(control, database);
      const second = () => connectForAdmin(toolbox, operation.run, [database]);
      await work.interruptible(() => swapDatabases(control, second, plan));
    });
    // The swap is done: a drop that fails is left to the next run.
    const { previous, discarded } = plan;
    if (discarded !== undefined) operation.defer(() => work.clearUp((sql) => dropDatabase(sql, discarded)));
    await startJobs(work, database);
    noteEnded(work, database, workers);
    const sizeBytes = await databaseSizeBytes(control, database);
    const details = { database_size_bytes: sizeBytes, previous };
    return { servicesRestarted, sizeBytes, details, ...(previous === undefined ? {} : { previous }) };
  }

  /** What the swap renames and sets; `previous` is what stays of what it replaces, `discarded` what goes then. */
  private async planSwap(
    work: Work,
    { name: scratch, properties }: Built,
    { agreed, older, keeping: given, discardPrevious, comment }: SwapRequest,
  ): Promise<Swap & { previous: string | undefined; discarded: string | undefined }> {
    const { control, operation } = work;
    const database = this.label;
    const exists = agreed !== undefined;
    const present = exists ? await readProperties(control, database) : undefined;
    const isKept = present !== undefined && !present.isInvalid && !discardPrevious;
    const keeping: Keeping | undefined = isKept ? (given ?? keepForRestore(database)) : undefined;
    const discarded = discardedName(operation.run);
    const previous = keeping?.name;
    const [found] = (await keeping?.findOlder(control)) ?? [];
    if (found !== undefined) await requireNothingBound(control, found);
    const makesRoom = found === undefined ? [] : [[found, discarded] as const];
    const leaves = exists ? [[database, previous ?? discarded] as const] : [];
    const occupied = [...leaves.map(([from]) => from), scratch, ...makesRoom.map(([from]) => from)];
    const isStranger = agreed !== undefined && describeStranger(this.live, agreed) !== undefined;
    const isBorn = present === undefined || isStranger;
    const mark = isBorn ? (comment ?? (await birthMark(work, this.live))) : undefined;
    const statements =
      present === undefined
        ? bornWith(database, properties, mark)
        : propertyStatements(database, isStranger ? { ...present, comment: mark ?? null } : present);
    const kept = found === undefined ? [] : [{ database: found, agreed: older }];
    if (previous !== undefined && previous !== found) kept.push({ database: previous, agreed: undefined });
    const isDiscarded = found !== undefined || (exists && previous === undefined);
    return {
      ...{ renames: [...makesRoom, ...leaves, [scratch, database]], occupied, run: operation.run, previous },
      statements: [...statements, ...(previous === undefined ? [] : (keeping?.seal(previous) ?? []))],
      agreed: [{ database, agreed }, ...kept],
      discarded: isDiscarded ? discarded : undefined,
    };
  }

  async requireSavable(work: Work): Promise<void> {
    await requireCopyable(work, this.live);
  }

  async listInTheWay(work: Work) {
    return await listSessions(work.control, this.label, work.operation.run);
  }

  async save(work: Work, whenBusy: AskWhenBusy): Promise<Saved> {
    const request = { strategy: "auto", schemaOnly: false, oneServer: true, whenBusy, wanted: [] } as const;
    const { name, strategy } = await this.createCopy(work, this.live, request);
    return { database: name, strategy };
  }

  async findOwned(work: Work, worktree: string, main: string): Promise<Owned> {
    const { control } = work;
    const all = findBelongings(await listDatabases(control, { sizes: false }), worktree, []);
    const present = all.filter(({ database }) => database !== main);
    const inPlace = present.filter(({ mark }) => mark?.kind !== "parked");
    const names = present.map(({ database }) => database);
    const own = present.filter(({ mark }) => isWorktreeMark(mark, worktree)).map(({ database }) => database);
    return {
      databases: names,
      own,
      found: present.map(foundDatabase),
      requireDroppable: () => requireDroppableDatabases(work, names),
      requireReleasable: () => requireOwnDatabases(control, own),
      release: () =>
        runTogether(
          control,
          own.map((name) => commentStatement(name, null)),
        ),
      requireUnused: () => requireUnused(control, { databases: names, roles: [] }),
      park: (note) =>
        renameMarked(
          control,
          inPlace.map((each) => parkingOf(parkable(each), note)),
        ),
      drops: present.toReversed().map((each) => () => dropOwned(control, each)),
    };
  }

  async bringBack({ control }: Work, renamings: readonly Renaming[]): Promise<void> {
    await renameMarked(control, renamings);
  }
}

/** What the login cannot give to what takes a database's place is said before that is built. */
function noteLost({ tools }: Work, database: string, { lostSettings, isInvalid }: DatabaseProperties): void {
  if (lostSettings.length > 0) {
    tools.note(`settings of ${database} that this login may not give are not carried over: ${lostSettings.join(", ")}`);
  }
  if (isInvalid) tools.note(`${database} was dropped half-way by somebody, so nothing of it can be kept`);
}

/** Extensions' workers that were ended with the sessions; those of TimescaleDB were started again. */
function noteEnded({ tools }: Work, database: string, workers: readonly string[]): void {
  const ended = workers.filter((kind) => !kind.toLowerCase().startsWith(TIMESCALEDB));
  if (ended.length === 0) return;
  tools.note(
    `ended with the sessions of ${database}: ${ended.join(", ")}. One that does not come back by itself, such as pg_cron's, does when the server is restarted: pgrove restart`,
  );
}

/** The statements that a new database is given. */
function bornWith(
  database: string,
  properties: DatabaseProperties | undefined,
  comment: string | undefined,
): readonly string[] {
  if (properties !== undefined) return propertyStatements(database, { ...properties, comment: comment ?? null });
  return comment === undefined ? [] : [commentStatement(database, comment)];
}
