/**
 * What migrations would do to the data that is there: per statement the tables with their size, the locks, whether rows
 * are read or rewritten, and what is lost. From the catalog and the parser; nothing is run.
 */

import type { Queries } from "../../postgres/schema.ts";
import { findPart, keyOfRelation, keyOfWords, withStatements, wordsOf } from "../../sql/nodes.ts";
import { loadParser, type Node, type SqlParser } from "../../sql/parser.ts";
import type { ScriptShape } from "../../sql/script-shape.ts";
import { readBody } from "../lint/bodies.ts";
import { ChangeFacts } from "../lint/facts.ts";
import { readScript } from "../lint/lint-script.ts";
import type { Step } from "../migration.ts";
import { defaultFunctionsOf } from "./impact-alter.ts";
import { type Catalog, type CatalogQuestion, EMPTY_CATALOG, readCatalog } from "./impact-catalog.ts";
import type { Effect, LossPlan, Touch } from "./impact-effect.ts";
import { countLosses } from "./impact-losses.ts";
import { LOCK_MODES, type Loss, type StatementImpact, type StepImpact, type TableImpact } from "./impact-model.ts";
import { describeStatement, mergeTouches } from "./impact-statement.ts";

/** The words without which no statement takes anything away. */
const LOSING_WORDS = /\b(?:drop|truncate|delete|type|do|call)\b/i;

/** A cheap look at whether a script may lose data; most do not, and need no parser and no question. */
export function mayLoseData(sql: string): boolean {
  return LOSING_WORDS.test(sql);
}

/** A statement, and those of its body that stand in it as SQL and run with it. */
interface Read {
  sql: string;
  nodes: readonly Node[];
  runsCode: boolean;
}

interface ReadStep {
  step: Step;
  runner: ScriptShape["runner"];
  statements: readonly Read[];
}

/** The impact of each step, in their order. Two round trips; what earlier steps make is known as new, and empty. */
export async function describeImpact(
  sql: Queries,
  steps: readonly { step: Step; shape: ScriptShape }[],
): Promise<StepImpact[]> {
  const read: ReadStep[] = [];
  for (const each of steps) read.push(await readStep(each));
  const nodes = read.flatMap(({ statements }) => statements.flatMap((statement) => statement.nodes));
  const catalog = await readCatalog(sql, askFor(nodes));
  const facts = new ChangeFacts();
  const described = read.map(({ statements, ...rest }) => ({
    ...rest,
    statements: statements.map((statement) => ({
      ...statement,
      effect: describeNodes(statement.nodes, catalog, facts),
    })),
  }));
  const plans = described.flatMap(({ statements }) => statements.flatMap(({ effect }) => effect.losses));
  const losses = new Map<LossPlan, Loss>();
  (await countLosses(sql, plans, catalog)).forEach((loss, index) => {
    const plan = plans[index];
    if (plan !== undefined && loss !== undefined) losses.set(plan, loss);
  });
  return described.map(({ step, runner, statements }) => {
    const impacts = statements.map((each) => toImpact(each, catalog, losses));
    return { step, runner, statements: impacts, destructive: impacts.some(({ destructive }) => destructive) };
  });
}

async function readStep({ step, shape }: { step: Step; shape: ScriptShape }): Promise<ReadStep> {
  const parser = await loadParser();
  const parsed = shape.runner === "psql" ? readPsql(parser, shape.sql) : await shape.statements();
  const statements = parsed.slice(step.fromStatement - 1).flatMap(({ sql, node }): Read[] => {
    if (node === undefined || findPart(node, "TransactionStmt") !== undefined) return [];
    const runsCode = findPart(node, "DoStmt") !== undefined || findPart(node, "CallStmt") !== undefined;
    const body = runsCode ? readBody(parser, sql, { node, start: 0, end: sql.length }) : undefined;
    const nodes = [node, ...(body?.statements ?? []).map((each) => each.node)];
    return [{ sql, nodes: nodes.flatMap(withStatements), runsCode }];
  });
  return { step, runner: shape.runner, statements };
}

/** What is SQL in a script that psql runs. */
function readPsql(parser: SqlParser, script: string): { sql: string; node: Node }[] {
  return readScript(parser, script).statements.map(({ node, start, end }) => ({ sql: script.slice(start, end), node }));
}

/** Every name that the statements hold, whatever it turns out to be. */
function askFor(nodes: readonly Node[]): CatalogQuestion {
  const relations = new Set<string>();
  const schemas = new Set<string>();
  const functions = new Set<string>();
  for (const node of nodes) {
    visitRelations(node, (key) => relations.add(key));
    for (const { table } of describeStatement(node, EMPTY_CATALOG, new ChangeFacts()).touches) relations.add(table);
    for (const name of defaultFunctionsOf(node)) functions.add(name);
    const drop = findPart(node, "DropStmt");
    for (const words of (drop?.objects ?? []).map(wordsOf)) {
      if (drop?.removeType === "OBJECT_SCHEMA") schemas.add(words.join("."));
      else relations.add(keyOfWords(words));
    }
  }
  return { relations, schemas, functions };
}

/** The tables of a tree: whatever has a relname. */
function visitRelations(tree: unknown, visit: (key: string) => void): void {
  if (typeof tree !== "object" || tree === null) return;
  const relname: unknown = Reflect.get(tree, "relname");
  const schemaname: unknown = Reflect.get(tree, "schemaname");
  if (typeof relname === "string") {
    visit(keyOfRelation({ relname, ...(typeof schemaname === "string" ? { schemaname } : {}) }));
  }
  for (const value of Object.values(tree)) visitRelations(value, visit);
}

function describeNodes(nodes: readonly Node[], catalog: Catalog, facts: ChangeFacts): Effect {
  const effects = nodes.map((node) => {
    const effect = describeStatement(node, catalog, facts);
    facts.observe(node);
    return effect;
  });
  const [first, ...inner] = effects;
  const outer = first?.summary ?? "";
  return {
    summary: inner.length === 0 ? outer : `runs code: ${inner.map(({ summary }) => summary).join("; ")}`,
    touches: mergeTouches(effects.flatMap(({ touches }) => touches)),
    losses: effects.flatMap((effect) => effect.losses),
  };
}

function toImpact(
  { sql, runsCode, effect }: Read & { effect: Effect },
  catalog: Catalog,
  counted: ReadonlyMap<LossPlan, Loss>,
): StatementImpact {
  const tables = effect.touches
    .flatMap((each) => toTable(each, catalog))
    .toSorted((one, other) => LOCK_MODES.indexOf(other.lock) - LOCK_MODES.indexOf(one.lock));
  const losses = effect.losses.flatMap((plan) => counted.get(plan) ?? []);
  return {
    sql,
    summary: runsCode && effect.touches.length === 0 ? "runs code: what it does cannot be told before" : effect.summary,
    tables,
    losses,
    destructive: losses.length > 0,
    runsCode,
  };
}

/** A table that is not there yet, or not any more, keeps nobody waiting. */
function toTable({ table, lock, work }: Touch, catalog: Catalog): TableImpact[] {
  const known = catalog.findTable(table);
  return known === undefined ? [] : [{ table, lock, work, rows: known.rows, sizeBytes: known.sizeBytes }];
}
