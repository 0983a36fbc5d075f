/**
 * Up, down, up on a throw-away database: whether the migrations run from nothing, whether what takes them back does so, and
 * whether the schema file is what they make.
 */
import { filePlaceOf, messageOf, showFilePlace } from "../../errors.ts";
import type { LiveTarget } from "../../resolve/target.ts";
import type { Script } from "../../sql/script.ts";
import type { OperationTools } from "../../sys/operation.ts";
import { withWork } from "../../work/work.ts";
import type { MigrationFiles } from "../files/read-migrations.ts";
import { describeMigration, type Finding, type Migration } from "../migration.ts";
import type { ApplyRequest } from "../run/apply.ts";
import { openTrial, type Trial } from "../run/trial.ts";
import { diffLines, formatDiff } from "./line-diff.ts";
import { composeSchemaFile, readWrittenSchema, type SchemaFileRequest } from "./schema-file.ts";

export interface RoundTripRequest {
  /** Valid ones. */
  files: MigrationFiles;
  /** Those of this branch, which are tried; the others are only applied. */
  own: readonly Migration[];
  /** The others, too. */
  all: boolean;
  settings: ApplyRequest["settings"];
  facts: ApplyRequest["facts"];
  /** What a schema file holds here; in isolation `schema` it names the schema that the migrations are run in. */
  schema: Omit<SchemaFileRequest, "files">;
  /** The schema file, absolute and as people see it; left out where there is none. */
  schemaFile?: { path: string; shown: string };
}

const SHOWN = { around: 1, most: 12 };

/** Tries the migrations in a scratch database of the target's server, as one operation. Resolves with what is wrong. */
export async function tryRoundTrip(
  tools: OperationTools,
  live: LiveTarget,
  request: RoundTripRequest,
): Promise<Finding[]> {
  const subject = { operation: "migrate check", claims: [], avoid: [live.database] };
  return await withWork(tools, live, subject, async (work) => {
    const findings = await tryAll(await openTrial(work, live, request), request);
    const wrong = findings.filter(({ level }) => level === "error");
    if (wrong.length > 0) work.operation.findFault(wrong.map(({ rule, file }) => `${rule}: ${file}`).join(", "));
    return findings;
  });
}

async function tryAll(trial: Trial, request: RoundTripRequest): Promise<Finding[]> {
  const { migrations } = request.files;
  const first = request.all ? 0 : firstOf(request);
  const floor = Math.max(
    first - 1,
    migrations.findLastIndex(({ down }) => down === undefined),
  );
  const forward = await findFailure(migrations, async () => {
    if (floor >= 0) await trial.up(migrations[floor]);
  });
  if (forward !== undefined) return [forward];
  const whole = await tryWhole(trial, request, migrations[floor]);
  const newest = migrations.length - MOST_ALONE;
  const from = whole.wrong === undefined ? Math.max(floor + 1, newest, firstOf(request)) : floor + 1;
  const located = await locate(trial, migrations, from);
  const wrong = located ?? whole.wrong;
  return wrong === undefined ? whole.findings : [...whole.findings, wrong];
}

/**
 * So many are tried one by one at most, the newest ones: each takes three reads of the schema. All of them together may come
 * back where one does not: what it leaves may go with an older one's table.
 */
const MOST_ALONE = 20;

/** The place of this branch's first one. */
function firstOf({ files: { migrations }, own }: RoundTripRequest): number {
  const versions = new Set(own.map(({ version }) => version));
  const first = migrations.findIndex(({ version }) => versions.has(version));
  return first < 0 ? migrations.length : first;
}

interface WholeTrip {
  /** What is wrong with the schema file. */
  findings: Finding[];
  /** What failed on the way, or that the schema was another one in the end. */
  wrong: Finding | undefined;
}

/** Up to the newest, down to the newest that nothing takes back, and up again. */
async function tryWhole(trial: Trial, request: RoundTripRequest, bottom: Migration | undefined): Promise<WholeTrip> {
  const { migrations } = request.files;
  const findings: Finding[] = [];
  let different: Finding | undefined;
  const failed = await findFailure(migrations, async () => {
    const below = await trial.readSchema();
    await trial.up();
    findings.push(...(await compareSchemaFile(trial, request)));
    if (bottom === migrations.at(-1)) return; // nothing is to be taken back
    const above = await trial.readSchema();
    await trial.down(bottom);
    const belowAgain = await trial.readSchema();
    await trial.up();
    const aboveAgain = await trial.readSchema();
    const bottomPlace = bottom === undefined ? -1 : migrations.indexOf(bottom);
    const first = migrations[bottomPlace + 1];
    if (first === undefined || (hasSameLines(below, belowAgain) && above === aboveAgain)) return;
    different = wayBackFinding(
      first,
      "the migrations from here on, taken back and run again, make another schema",
      above,
      aboveAgain,
    );
  });
  const wrong = failed ?? different;
  return { findings, wrong };
}

/** Looks for the first migration that its way back does not undo, one after the other in a new database. */
async function locate(trial: Trial, migrations: readonly Migration[], from: number): Promise<Finding | undefined> {
  if (from >= migrations.length) return undefined;
  await trial.begin();
  const before = migrations[from - 1];
  const failed = await findFailure(migrations, async () => {
    if (before !== undefined) await trial.up(before);
  });
  if (failed !== undefined) return failed;
  let below = await trial.readSchema();
  for (const [place, migration] of migrations.entries()) {
    if (place < from) continue;
    let found: Finding | undefined;
    const failure = await findFailure(migrations, async () => {
      await trial.up(migration);
      const above = await trial.readSchema();
      await trial.down(migrations[place - 1]);
      found = compareBelow(migration, below, await trial.readSchema());
      await trial.up(migration);
      found ??= compareAbove(migration, above, await trial.readSchema());
      below = above;
    });
    if (found !== undefined) return found;
    if (failure !== undefined) return failure;
  }
  return undefined;
}

function compareBelow(migration: Migration, before: string, after: string): Finding | undefined {
  if (hasSameLines(before, after)) return undefined;
  return wayBackFinding(
    migration,
    `what takes ${describeMigration(migration)} back leaves another schema`,
    before,
    after,
  );
}

function compareAbove(migration: Migration, before: string, after: string): Finding | undefined {
  if (before === after) return undefined;
  return wayBackFinding(
    migration,
    `${describeMigration(migration)}, taken back and run again, makes another schema`,
    before,
    after,
  );
}

function wayBackFinding(migration: Migration, what: string, before: string, after: string): Finding {
  const { file, line }: Pick<Script, "file" | "line"> = migration.down ?? migration.up ?? { file: "", line: 1 };
  const message = `${what}\n${formatDiff(diffLines(before, after), SHOWN)}`;
  return { rule: "round-trip", level: "error", file, line, column: 1, message };
}

/** Whether the texts have the same lines in whatever order: a column that comes back is the last one. */
function hasSameLines(a: string, b: string): boolean {
  const sorted = (text: string) =>
    text
      .split("\n")
      .map((line) => line.replace(/,$/, ""))
      .sort()
      .join("\n");
  return a === b || sorted(a) === sorted(b);
}

/** Does something; resolves with the finding when a migration fails in it. Whatever else goes wrong is thrown. */
async function findFailure(migrations: readonly Migration[], body: () => Promise<void>): Promise<Finding | undefined> {
  try {
    await body();
    return undefined;
  } catch (error) {
    const finding = asFinding(error, migrations);
    if (finding === undefined) throw error;
    return finding;
  }
}

/** The error of one of these migrations, without its place, which a finding has by itself. */
function asFinding(error: unknown, migrations: readonly Migration[]): Finding | undefined {
  const place = filePlaceOf(error);
  const scripts = migrations.flatMap(({ up, down }) => [up, down].filter((script) => script !== undefined));
  const script = scripts.find(({ file }) => file === place?.file);
  if (place === undefined || script === undefined) return undefined;
  const [head, said] = [showFilePlace(place), messageOf(error)];
  const { file, line = script.line, column = 1 } = place;
  const message = said.startsWith(head) ? said.slice(head.length).replace(/^:?\s*/, "") : said;
  return { rule: "round-trip", level: "error", file, line, column, message: message.trim() };
}

async function compareSchemaFile({ live, reader }: Trial, request: RoundTripRequest): Promise<Finding[]> {
  const { schema, schemaFile } = request;
  if (schemaFile === undefined) return [];
  const { text } = await composeSchemaFile(live, reader, { ...schema, files: request.files });
  const present = await readWrittenSchema(schemaFile.path);
  if (present === text) return [];
  const lines = diffLines(present ?? "", text);
  const { shown } = schemaFile;
  const message =
    present === undefined
      ? `${shown} is missing`
      : `${shown} is not what the migrations make\n${formatDiff(lines, SHOWN)}`;
  const line = present === undefined ? 1 : lines.findIndex(({ kind }) => kind !== "same") + 1;
  const hint = "pgrove migrate up        writes it, on a database with these migrations and no others";
  return [{ rule: "schema-file", level: "error", file: shown, line, column: 1, message, hint }];
}
