/** `seed init`: a starting factory file from an existing schema, with what pgrove would do by itself written out. */

import { type ColumnShape, type FieldPlan, type FieldSpec, type TableShape, tableKey } from "../entity.ts";
import { GENERATOR_VERSION } from "../generate/mix.ts";
import { isUnderstood } from "../plan/infer-checks.ts";
import { columnsWanted } from "../plan/plan-cases.ts";
import { applicationTables, chooseEntities, type Tables, tablesNamed } from "../plan/plan-entities.ts";
import type { FieldDraft } from "../plan/plan-fields.ts";
import { linkDrafts } from "../plan/plan-links.ts";
import { cleaningOrder } from "../plan/plan-order.ts";
import { planAllFields } from "../plan/plan-rows.ts";
import { demandsOf } from "../plan/plan-rules.ts";
import { mentionsColumn } from "../table-sql.ts";

/** The file's text. `day` is what its relative times hang on. Throws (exit 4) when there are no tables. */
export async function proposeFactories(tables: Tables, day: Date, except: readonly string[] = []): Promise<string> {
  const { stringify } = await import("yaml");
  const today = day.toISOString().slice(0, 10);
  const parts = [HEAD, `generator_version: ${GENERATOR_VERSION}\nseed: 1\nnow: ${today}\n`, "entities:\n"];
  for (const proposal of await proposeEntities(tables, except)) {
    const text = stringify({ [proposal.entity]: proposal.written }, { lineWidth: 0 });
    const comments = proposal.comments.map((line) => `    # ${line.replaceAll(/\s+/g, " ")}\n`);
    parts.push(indent(text), ...comments, "\n");
  }
  return `${parts.join("").trimEnd()}\n`;
}

const HEAD = `# Factories: what \`pgrove seed\` makes rows with. Every line below entities may go: what is not mentioned is made
# from the schema. A field is a generator's name, one key with its options, or a reference such as "@users.id".
#   pgrove seed users 25          25 rows of one entity, and of what it needs
#   pgrove seed all 1000          1000 of each
#   pgrove seed all --dry-run     ten sample rows of each
`;

interface Proposal {
  entity: string;
  written: Record<string, unknown>;
  comments: string[];
}

async function proposeEntities(tables: Tables, except: readonly string[]): Promise<Proposal[]> {
  const factories = {
    ...{ entities: new Map(), scenarios: new Map(), files: [] },
    seed: 1,
    now: new Date(0),
    generatorVersion: GENERATOR_VERSION,
  };
  const own: Tables = new Map(
    cleaningOrder(applicationTables(tables))
      .reverse()
      .map((table) => [tableKey(table), table]),
  );
  const left = new Map<string, string[]>();
  const site = {
    ...{ mistakes: [], version: GENERATOR_VERSION },
    unable: ({ entity }: { entity: string }, why: string) => left.set(entity, [...(left.get(entity) ?? []), why]),
  };
  const gone = tablesNamed(except, factories, own);
  const chosen = chooseEntities(factories, own, undefined).filter(({ table }) => !gone.has(table));
  const wanted = async (table: TableShape) => columnsWanted((await demandsOf(table)).rules);
  const linked = await linkDrafts(chosen, {
    ...{ ...site, factories, tables: own, existing: NO_ROWS, left: new Set<string>(), wanted },
  });
  const drafts = await planAllFields(linked, site);
  const proposed = drafts.filter(({ chosen }) => chosen);
  return await Promise.all(proposed.map((draft) => propose(draft, left.get(draft.entity) ?? [])));
}

const NO_ROWS = {
  hasRows: async () => false,
  readKeys: async () => [],
  holds: async () => false,
  readHighest: async () => undefined,
};

async function propose({ entity, table, fields }: FieldDraft, unable: readonly string[]): Promise<Proposal> {
  const together = fields.filter(({ inCases }) => inCases !== undefined).map(({ column }) => column.name);
  const unread = await unreadChecks(table);
  // Of what a check says that cannot be read a run tries other values as well, if no file says what it is.
  const isOpen = ({ column, spec }: FieldPlan) =>
    spec.kind !== "reference" && unread.some(({ expression }) => mentionsColumn(expression, column.name));
  const written = fields.flatMap((each) => {
    const { column, spec, inCases } = each;
    const field = inCases === undefined && !isOpen(each) ? writeSpec(spec) : undefined;
    return field === undefined ? [] : [[column.name, field] as const];
  });
  const planned = new Set(fields.map(({ column }) => column.name));
  const left = table.columns.filter(({ name }) => !planned.has(name));
  return {
    entity,
    written: {
      ...(entity === table.name || entity === tableKey(table) ? {} : { table: tableKey(table) }),
      count: 10,
      ...(written.length === 0 ? {} : { fields: Object.fromEntries(written) }),
    },
    comments: [
      ...unable.map((why) => `no rows yet: ${why}`),
      ...(left.length === 0 ? [] : [`left to PostgreSQL: ${left.map(describeLeft).join(", ")}`]),
      ...(together.length === 0 ? [] : [`decided together, as checks want it: ${together.join(", ")}`]),
      ...unread.map(({ name, expression }) => `not understood: ${name} ${expression}`),
    ],
  };
}

async function unreadChecks({ checks }: TableShape): Promise<TableShape["checks"]> {
  if (checks.length === 0) return [];
  const { loadParser } = await import("../../sql/parser.ts");
  const parser = await loadParser();
  return checks.filter(({ expression }) => !isUnderstood(parser, expression));
}

/** As it is written in the file; undefined for keys that are numbered, which need no field. */
function writeSpec(spec: FieldSpec): unknown {
  if (spec.kind === "constant") return { constant: spec.value };
  if (spec.kind === "sql") return spec.of === undefined ? { sql: spec.expression } : undefined;
  if (spec.kind === "reference") {
    if (spec.column.includes(".")) return undefined; // cannot be written, and is found by itself
    const name = `@${spec.entity}.${spec.column}`;
    return Object.keys(spec.options).length === 0 ? name : { [name]: spec.options };
  }
  if (spec.name === "sequence") return undefined;
  return Object.keys(spec.options).length === 0 ? spec.name : { [spec.name]: spec.options };
}

function describeLeft({ name, generated, default: fallback }: ColumnShape): string {
  return generated ? `${name} (computed)` : `${name} (${fallback ?? "NULL"})`;
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, "  ");
}
