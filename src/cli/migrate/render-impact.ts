/** What migrations would do, for people: the plan of --dry-run, and the sentence that asks for consent. */
import {
  LOCK_MODES,
  type LockMode,
  type Loss,
  type StatementImpact,
  type StepImpact,
  type TableImpact,
} from "../../migrate/impact/impact-model.ts";
import { describeMigration } from "../../migrate/migration.ts";
import { visible, visibleOnOneLine } from "../../sys/visible-text.ts";
import { formatBytes, formatCount, plural } from "../format.ts";

/** More of a statement is not shown; the file has it all. */
const MOST_LINES = 12;
const MOST_COLUMNS = 160;

const WORK_WORDS: Readonly<Record<TableImpact["work"], string>> = {
  none: "",
  scan: "reads all rows",
  index: "builds an index",
  rewrite: "writes all rows anew",
};

/** The steps in their order, each statement with its SQL and what it does. */
export function renderImpact(impacts: readonly StepImpact[]): string {
  return impacts.map(renderStep).join("\n\n");
}

function renderStep({ step, runner, statements }: StepImpact): string {
  const head = visibleOnOneLine(`${step.direction} ${describeMigration(step)}  (${step.script.file})`);
  if (runner === "psql") {
    const said = "    run by psql; what is plain SQL in it:";
    return [head, ...renderSql(step.script.sql), said, ...statements.flatMap(renderEffect)].join("\n");
  }
  return [head, ...statements.flatMap(renderStatement)].join("\n");
}

function renderStatement(statement: StatementImpact): string[] {
  return [...renderSql(statement.sql), ...renderEffect(statement)];
}

function renderEffect({ summary, tables, losses }: StatementImpact): string[] {
  return [
    `    → ${visibleOnOneLine(summary)}`,
    ...tables.map((table) => `      ${visibleOnOneLine(describeTable(table))}`),
    ...losses.map((loss) => `      lost: it ${visibleOnOneLine(describeOneLoss(loss))}`),
  ];
}

function renderSql(sql: string): string[] {
  const lines = visible(sql.trim()).split(/\r?\n/);
  const shown = lines.slice(0, MOST_LINES).map((line) => {
    const characters = [...line];
    return `  ${characters.length > MOST_COLUMNS ? `${characters.slice(0, MOST_COLUMNS).join("")}…` : line}`;
  });
  const more = lines.length - shown.length;
  return more === 0 ? shown : [...shown, `  … ${plural(more, "more line")}`];
}

function describeTable({ table, lock, work, rows, sizeBytes }: TableImpact): string {
  const parts = [`${plural(Math.round(rows), "row")}, ${formatBytes(sizeBytes)}`, `${lock} lock: ${whoWaits(lock)}`];
  if (work !== "none") parts.push(WORK_WORDS[work]);
  return `${table}: ${parts.join("; ")}`;
}

/** Whom a lock keeps waiting, by the conflicts of PostgreSQL's lock modes. */
export function whoWaits(lock: LockMode): string {
  const strength = LOCK_MODES.indexOf(lock);
  if (lock === "AccessExclusive") return "stops reads and writes";
  if (strength >= LOCK_MODES.indexOf("Share")) return "stops writes";
  return strength >= LOCK_MODES.indexOf("ShareUpdateExclusive") ? "stops only changes of the schema" : "stops nobody";
}

function describeOneLoss({ verb, what, count, unit, exact }: Loss): string {
  if (count === undefined) return `${verb} ${what}`;
  const amount = count === 1 ? `1 ${unit.slice(0, -1)}` : `${formatCount(count)} ${unit}`;
  return `${verb} ${what} (${exact ? "" : "about "}${amount})`;
}

/**
 * What is lost, for whoever has to agree: "2 migrations would run, one drops column users.legacy_id (1,204,332 values)";
 * of migrations that are taken back only "it drops …". Undefined when nothing is lost.
 */
export function describeLoss(impacts: readonly StepImpact[]): string | undefined {
  const destructive = impacts.filter((impact) => impact.destructive);
  if (destructive.length === 0) return undefined;
  const losses = destructive.flatMap(({ statements }) => statements.flatMap((statement) => statement.losses));
  const several = `${destructive.length} of them destructive:`;
  const who = destructive.length > 1 ? several : impacts.length === 1 ? "it" : "one";
  const goesBack = impacts.some(({ step }) => step.direction === "down");
  const many = goesBack ? "" : `${plural(impacts.length, "migration")} would run, `;
  return visibleOnOneLine(`${many}${who} ${losses.map(describeOneLoss).join(", ")}`);
}

/** The same as a JSON document's list. */
export function toImpactDocument(impacts: readonly StepImpact[]) {
  return impacts.map(({ step, runner, statements, destructive }) => ({
    version: String(step.version),
    name: step.name,
    direction: step.direction,
    file: step.script.file,
    runner,
    destructive,
    statements: statements.map(({ sql, summary, tables, losses, runsCode, ...rest }) => ({
      sql,
      summary,
      runs_code: runsCode,
      destructive: rest.destructive,
      tables: tables.map(({ table, lock, work, rows, sizeBytes }) => ({
        table,
        lock,
        work,
        rows,
        size_bytes: sizeBytes,
      })),
      losses: losses.map(({ verb, what, count, unit, exact }) => ({ verb, what, count: count ?? null, unit, exact })),
    })),
  }));
}
