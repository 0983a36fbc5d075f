/**
 * The SQL that writes the ledger, as text: it is sent behind a migration's script, in the same transaction. Every name is
 * qualified, since a script may have set another search_path.
 */
import { quoteIdentifier, quoteLiteral } from "../../postgres/identifier.ts";
import type { LedgerRow, Step } from "../migration.ts";
import { COMPANIONS } from "./companion-kinds.ts";
import type { LedgerPlace } from "./ledger-place.ts";
import type { HistoryAction } from "./ledger-rows.ts";

export interface RunFacts {
  /** Who runs it: "ann@laptop". */
  by: string;
  gitCommit: string | null;
}

/** A line for the history. */
export interface HistoryLine extends RunFacts {
  version: bigint | null;
  digits: string;
  name: string;
  action: HistoryAction;
  /** As SQL. */
  duration: string;
  success: boolean;
  error: string | null;
}

/** Where a script has stopped: its statement from 1, and what PostgreSQL said, if it said anything. */
interface Doubt {
  statement: number;
  error: string | null;
}

/** The time since the transaction began, in ms. */
const SINCE_BEGIN = "extract(epoch from clock_timestamp() - transaction_timestamp()) * 1000";

/** Makes the ledger's two tables; the schema first, where it is not there. */
export function createLedger({ ledgerSchema, table, history }: LedgerPlace, schemaExists: boolean): string {
  return `${schemaExists ? "" : `create schema ${quoteIdentifier(ledgerSchema)};`}
create table ${table} (
  version bigint primary key, digits text not null, name text not null,
  up_checksum text, down_checksum text, down_script text, down_transaction boolean not null,
  applied_at timestamptz not null, applied_by text not null, duration_ms double precision, git_commit text,
  origin text not null check (origin in ('run', 'adopted', 'baseline', 'forced')),
  success boolean not null, failed_direction text check (failed_direction in ('up', 'down')),
  failed_statement int, error text);
comment on table ${table} is 'The migrations that pgrove knows to be applied, each with the script that takes it back; in doubt where success is false.';
create table ${history} (
  id bigint generated always as identity primary key, version bigint, digits text not null, name text not null,
  action text not null, at timestamptz not null, by text not null, duration_ms double precision, git_commit text,
  success boolean not null, error text);
comment on table ${history} is 'What pgrove and others have done to the migrations of this database; rows are only added.';`;
}

/**
 * Lets the owner at a table that was just made, where an event trigger forces row security on every new one: the rows would
 * be there and nobody would see them. For others it stays on.
 */
export function letOwnerIn(table: string): string {
  const literal = quoteLiteral(table);
  return `do ${quoteLiteral(`begin
  if (select relforcerowsecurity from pg_class where oid = ${literal}::regclass) then
    alter table ${table} no force row level security;
  end if;
end`)};`;
}

/**
 * Writes down that a step is done, for the ledger, its history and the other tool's table. It fails, and with it the
 * transaction, when the ledger has that already: then another run was quicker. `measuredMs` is how long a script took
 * that was not run in this transaction.
 */
export function recordStep(place: LedgerPlace, step: Step, facts: RunFacts, measuredMs?: number): string {
  const { version, direction } = step;
  const tables = { ledger: place.table, companion: place.companion.table };
  const companion = COMPANIONS[place.companion.kind];
  const duration = measuredMs === undefined ? SINCE_BEGIN : String(measuredMs);
  const line = { ...subjectOf(step), ...facts, action: direction, duration, success: true, error: null };
  return join([
    ...(direction === "up"
      ? recordUp(place.table, step, facts, duration)
      : [requireOne(`delete from ${place.table} where version = ${version}`, version)]),
    direction === "up" ? companion.recordUp(tables, step) : companion.recordDown(tables, version),
    recordHistory(place.history, line),
  ]);
}

function recordUp(table: string, step: Step, { by, gitCommit }: RunFacts, duration: string): string[] {
  const { version, digits, name, script, down } = step;
  const values = [
    ...[version, quoteLiteral(digits), quoteLiteral(name), quoteLiteral(script.checksum)],
    ...[nullable(down?.checksum), nullable(down?.sql), down?.transaction ?? true],
    ...["clock_timestamp()", quoteLiteral(by), duration, nullable(gitCommit), "'run'", true],
  ];
  return [
    `delete from ${table} where version = ${version} and not success`,
    `insert into ${table} (version, digits, name, up_checksum, down_checksum, down_script, down_transaction,
  applied_at, applied_by, duration_ms, git_commit, origin, success) values (${values.join(", ")})`,
  ];
}

/** The statement, which fails when it changes nothing. */
function requireOne(statement: string, version: bigint): string {
  return `do ${quoteLiteral(`begin
  ${statement};
  if not found then raise exception 'the migration ${version} is not applied any more: another run has taken it back'; end if;
end`)}`;
}

/**
 * Writes down that a statement of a script is about to be run outside of a transaction: should the run end before it has
 * said more, that is where it is in doubt.
 */
export function markDoubt(place: LedgerPlace, step: Step, statement: number, facts: RunFacts): string {
  return writeDoubt(place, step, { statement, error: null }, facts);
}

/** Writes down at which statement a script has failed outside of a transaction, and with what words. */
export function recordDoubt(
  place: LedgerPlace,
  step: Step,
  failed: Doubt & { error: string },
  facts: RunFacts,
): string {
  return join([writeDoubt(place, step, failed, facts), recordFailure(place, step, failed.error, facts)]);
}

function writeDoubt(place: LedgerPlace, step: Step, failed: Doubt, facts: RunFacts): string {
  const { table, companion } = place;
  const { direction, version } = step;
  const doubt = [quoteLiteral(direction), failed.statement, nullable(failed.error)].join(", ");
  const change = `update ${table} set success = false, (failed_direction, failed_statement, error) = (${doubt})`;
  return join([
    ...(direction === "up"
      ? [...recordUp(table, step, facts, "null"), `${change} where version = ${version}`]
      : [requireOne(`${change} where version = ${version}`, version)]),
    COMPANIONS[companion.kind].refill({ ledger: table, companion: companion.table }),
  ]);
}

/** A line of the history for a step that has failed; what it did is taken back, or in doubt. */
export function recordFailure(place: LedgerPlace, step: Step, error: string, facts: RunFacts): string {
  const line = { ...subjectOf(step), ...facts, action: step.direction, duration: "null", success: false, error };
  return `${recordHistory(place.history, line)};\n`;
}

function subjectOf({ version, digits, name }: Step): Pick<HistoryLine, "version" | "digits" | "name"> {
  return { version, digits, name };
}

/** One line for the history. */
export function recordHistory(history: string, line: HistoryLine): string {
  const values = [
    ...[line.version ?? "null", quoteLiteral(line.digits), quoteLiteral(line.name), quoteLiteral(line.action)],
    ...["clock_timestamp()", quoteLiteral(line.by), line.duration, nullable(line.gitCommit), line.success],
    nullable(line.error),
  ];
  return `insert into ${history} (version, digits, name, action, at, by, duration_ms, git_commit, success, error)
  values (${values.join(", ")})`;
}

/** Replaces rows by others that nobody has run, and lets the other tool's table follow. */
export function rewriteRows(place: LedgerPlace, add: readonly LedgerRow[], remove: readonly bigint[]): string {
  const { table, companion } = place;
  const json = add.map((row) => ({ ...row, version: String(row.version), appliedAt: row.appliedAt.toISOString() }));
  return join([
    ...(remove.length === 0 ? [] : [`delete from ${table} where version in (${remove.join(", ")})`]),
    ...(add.length === 0 ? [] : [insertRows(table, JSON.stringify(json))]),
    COMPANIONS[companion.kind].refill({ ledger: table, companion: companion.table }),
  ]);
}

function insertRows(table: string, json: string): string {
  return `insert into ${table} (version, digits, name, up_checksum, down_checksum, down_script, down_transaction,
    applied_at, applied_by, git_commit, origin, success)
  select version, digits, name, "upChecksum", "downChecksum", "downScript", "downTransaction", "appliedAt", "appliedBy",
         "gitCommit", origin, true
    from json_to_recordset(${quoteLiteral(json)}::json) as r(version bigint, digits text, name text, "upChecksum" text, "downChecksum" text,
      "downScript" text, "downTransaction" boolean, "appliedAt" timestamptz, "appliedBy" text, "gitCommit" text, origin text)`;
}

function nullable(text: string | null | undefined): string {
  return text === null || text === undefined ? "null" : quoteLiteral(text);
}

/** Statements one after another, each with its semicolon. */
function join(statements: readonly string[]): string {
  return statements.map((statement) => (/;\s*$/.test(statement) ? statement : `${statement};\n`)).join("");
}
