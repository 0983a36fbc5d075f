/** Says which row, field and value of an entity PostgreSQL refused. */
import { EXIT, messageOf, PgroveError } from "../../errors.ts";
import { codeOf } from "../../postgres/connect.ts";
import { errorField } from "../../postgres/error-field.ts";
import { quoteIdentifier } from "../../postgres/identifier.ts";
import type { ColumnShape, EntityPlan, FieldPlan, SeedPlan, TableShape } from "../entity.ts";
import { compileEntity } from "../generate/compile.ts";
import type { LeftOut } from "../plan/plan-left.ts";
import { baseOf } from "../schema/schema-types.ts";
import { STAGE_TABLE } from "../table-sql.ts";

/** Rows that PostgreSQL refused, of one entity or of several. */
export class RowsRefused extends PgroveError {
  constructor(
    readonly refused: readonly LeftOut[],
    cause: unknown,
  ) {
    const hint = refused[0]?.hint;
    const message = refused.map(({ why }) => why).join("\n");
    super({ code: "row_refused", exit: EXIT.failed, message, hint, cause });
  }
}

/** The row (in the entity's own numbers, from 0) and the column that an error is about, as far as that is known. */
export interface RowPlace {
  row?: number;
  column?: string;
}

const LONGEST_VALUE = 80;

/** The error as a PgroveError; what is not PostgreSQL's answer to a row stays as it is. */
export function explainRowError(error: unknown, plan: SeedPlan, entity: EntityPlan, known: RowPlace = {}): unknown {
  const code = codeOf(error);
  // Classes of PostgreSQL's: data exceptions, broken constraints, wrong types or columns, what a trigger raises.
  if (error instanceof PgroveError || code === undefined || !/^(22|23|42|P0)...$/.test(code)) return error;
  const place = { ...findCopyPlace(error, entity), ...known };
  const fields = fieldsOf(error, place, entity);
  const values = place.row === undefined ? undefined : compileEntity(plan, entity).values(place.row);
  const shown = fields.map((field) => `, ${describeField(field, values?.[entity.fields.indexOf(field)])}`);
  const where = place.row === undefined ? entity.entity : `${entity.entity}, row ${place.row + 1}`;
  const detail = errorField(error, "detail");
  const check = entity.table.checks.find(
    ({ name }) => code === "23514" && name === errorField(error, "constraint_name"),
  );
  const message = `${where}${shown.join("")}: ${messageOf(error)}${detail === undefined ? "" : `\n${detail}`}`;
  const suspects = check === undefined && code.startsWith("22") && fields.length === 0 ? entity.table.checks : [];
  const hint = hintFor(code, fields, entity, check === undefined ? suspects : [check]);
  return new RowsRefused([{ entity: entity.entity, table: entity.table, why: message, hint }], error);
}

/** `checks` are those that the row breaks, or one of which cannot be computed of it. */
function hintFor(
  code: string,
  fields: readonly FieldPlan[],
  { entity, firstRow, amongRows = false, table }: EntityPlan,
  checks: TableShape["checks"],
): string {
  if (code === "23505" && firstRow === 0 && amongRows) {
    return `pgrove seed ${entity} --upsert        takes rows that are there already as changes`;
  }
  if (code === "23505" && fields.length > 0) {
    const columns = fields.map(({ column }) => column);
    return `rows of generated ones have the same key; in seeds/factories.yaml, with values that differ: ${showFields(entity, columns, differingOf)}`;
  }
  const [field] = fields;
  if (checks.length > 0) {
    const columns = table.columns.filter(
      ({ name, generated }) => !generated && checks.some(({ expression }) => mentionsColumn(expression, name)),
    );
    const which = checks.map(({ expression }) => `\n       the check: ${expression}`);
    return `in seeds/factories.yaml, with values that keep to it: ${showFields(entity, columns)}${which.join("")}`;
  }
  return field === undefined
    ? `pgrove seed ${entity} --dry-run        shows rows as they would be`
    : `the field comes from ${field.source}`;
}

/** The fields as a factory file has them, each with a generator for its type. */
function showFields(entity: string, columns: readonly ColumnShape[], example = exampleOf): string {
  const shown = columns.map((column) => `${showName(column.name)}: ${example(column)}`);
  return `entities: {${showName(entity)}: {fields: {${shown.join(", ")}}}}`;
}

function showName(name: string): string {
  return /^[a-z_][a-z0-9_]*$/i.test(name) ? name : JSON.stringify(name);
}

const EXAMPLES: readonly (readonly [types: RegExp, example: string])[] = [
  [/^(int\d|oid)$/, "{int: {min: 1, max: 9}}"],
  [/^(numeric|float\d|money)$/, "{numeric: {min: 1, max: 9}}"],
  [/^bool$/, "{constant: true}"],
  [/^(date|timestamp|timestamptz)$/, "{time: {from: -30d, to: now}}"],
  [/^(text|varchar|bpchar|citext|name)$/, "{one_of: [a, b]}"],
  [/^(inet|cidr)$/, "{ipv4: {within: 10.0.0.0/8, prefix: 24}}"],
  [/^(time|timetz)$/, "{time: {only: {hour: [9, 10]}}}"],
  [/^interval$/, "{interval: {min: 1m, max: 1h}}"],
  [/^jsonb?$/, "{json: {fields: {label: title}}}"],
  [/^bytea$/, "{bytes: {count: 16}}"],
];

/** A generator whose values never repeat, where there is one for the type. */
function differingOf(column: ColumnShape): string {
  const { name, kind } = baseOf(column.type);
  if (kind === "base" && /^(text|varchar|citext|name)$/.test(name)) return '{template: "{row}"}';
  return kind === "base" && /^(int\d|numeric)$/.test(name) ? "sequence" : exampleOf(column);
}

function exampleOf({ type }: ColumnShape): string {
  const { name, kind, labels } = baseOf(type);
  if (kind === "array") return "{array: {min: 1, max: 3}}";
  if (kind === "range") return "{range: {within: 7}}";
  if (kind === "enum") return `{one_of: [${labels.slice(0, 2).join(", ")}]}`;
  return EXAMPLES.find(([types]) => kind === "base" && types.test(name))?.[1] ?? '{sql: "…"}';
}

function describeField({ column }: FieldPlan, value: string | null | undefined): string {
  if (value === undefined) return `field ${column.name}`;
  if (value === null) return `field ${column.name} = null`;
  const text = value.length > LONGEST_VALUE ? `${value.slice(0, LONGEST_VALUE)}…` : value;
  return `field ${column.name} = ${JSON.stringify(text)}`;
}

/**
 * `COPY users, line 23, column email: "…"`: the words are in the session's language, the numbers stay. The table, or the
 * temporary one that stands for it, and the column may hold anything in their names, the words of this line, too.
 */
function findCopyPlace(error: unknown, entity: EntityPlan): RowPlace {
  const where = errorField(error, "where") ?? "";
  const begin = [entity.table.name, STAGE_TABLE].map((name) => `COPY ${name}, `).find((words) => where.includes(words));
  if (begin === undefined) return {};
  const [, line, rest] = /^\S+ (\d+)(?:, \S+ (.*))?/s.exec(where.slice(where.indexOf(begin) + begin.length)) ?? [];
  if (line === undefined) return {};
  const names = entity.fields.map(({ column }) => column.name).sort((a, b) => b.length - a.length);
  const column = names.find((name) => rest === name || rest?.startsWith(`${name}:`));
  return { row: entity.firstRow + Number(line) - 1, ...(column === undefined ? {} : { column }) };
}

/** The fields that the error is about: its column, else the columns of the key or constraint that it names. */
function fieldsOf(error: unknown, place: RowPlace, { table, fields }: EntityPlan): FieldPlan[] {
  const column = place.column ?? errorField(error, "column_name");
  const known = column === undefined ? constrainedColumns(errorField(error, "constraint_name"), table) : [column];
  const names = known.length > 0 ? known : keyColumns(errorField(error, "detail") ?? "", table);
  return fields.filter((field) => names.includes(field.column.name));
}

function constrainedColumns(constraint: string | undefined, table: TableShape): readonly string[] {
  if (constraint === undefined) return [];
  const key = [...table.uniques, ...table.foreignKeys].find(({ name }) => name === constraint);
  if (key !== undefined) return key.columns;
  const check = table.checks.find(({ name }) => name === constraint);
  if (check === undefined) return constraint === `${table.name}_pkey` ? table.primaryKey : [];
  return table.columns.map(({ name }) => name).filter((name) => mentionsColumn(check.expression, name));
}

/** The columns in `Key (lower(name), tenant_id)=(…)`, of an index that is not of columns alone. */
function keyColumns(detail: string, { columns }: TableShape): readonly string[] {
  const [, key = ""] = /^[^(]*\((.*)\)=\(/s.exec(detail) ?? [];
  return columns.map(({ name }) => name).filter((name) => mentionsColumn(key, name));
}

function mentionsColumn(expression: string, name: string): boolean {
  return expression.includes(quoteIdentifier(name)) || expression.split(/[^\p{L}\p{N}_$]+/u).includes(name);
}
