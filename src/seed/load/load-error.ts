/** Says which row, field and value of an entity PostgreSQL refused. */
import { EXIT, messageOf, PgroveError } from "../../errors.ts";
import { codeOf } from "../../postgres/connect.ts";
import { errorField } from "../../postgres/error-field.ts";
import type { ColumnShape, EntityPlan, FieldPlan, SeedPlan, TableShape, TypeShape } from "../entity.ts";
import { findTypeGenerator } from "../generate/by-type.ts";
import { compileEntity } from "../generate/compile.ts";
import type { LeftOut } from "../plan/plan-left.ts";
import { baseOf, checksOf } from "../schema/schema-types.ts";
import { mentionsColumn, STAGE_TABLE } from "../table-sql.ts";

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

/**
 * Classes of PostgreSQL's that are about the run and not about its rows: the connection, the session's rights to begin, its
 * transaction, locks and deadlocks, what the server lacks, what an operator does, and its own failures.
 */
const ABOUT_THE_RUN = /^(?:0[0-38B]|25|28|40|53|57|58|F0|XX)...$|^55P03$/;

/** Whether it is PostgreSQL's answer to rows. A trigger may raise whatever code it likes. */
export function isAboutRows(error: unknown): boolean {
  return errorField(error, "severity") !== undefined && !ABOUT_THE_RUN.test(codeOf(error) ?? "");
}

/** The error as a PgroveError; what is not PostgreSQL's answer to a row stays as it is. */
export function explainRowError(error: unknown, plan: SeedPlan, entity: EntityPlan, known: RowPlace = {}): unknown {
  const code = codeOf(error);
  if (error instanceof PgroveError || code === undefined || !isAboutRows(error)) return error;
  const place = { ...findCopyPlace(error, entity), ...known };
  const fields = fieldsOf(error, place, entity);
  const values = place.row === undefined ? undefined : compileEntity(plan, entity).values(place.row);
  const shown = fields.map((field) => `, ${describeField(field, values?.[entity.fields.indexOf(field)])}`);
  const where = place.row === undefined ? entity.entity : `${entity.entity}, row ${place.row + 1}`;
  const detail = errorField(error, "detail");
  const broken = brokenChecks(error, entity);
  const message = `${where}${shown.join("")}: ${messageOf(error)}${detail === undefined ? "" : `\n${detail}`}`;
  const isSuspect = broken.checks.length === 0 && code.startsWith("22") && fields.length === 0;
  const suspects = { columns: [], checks: entity.table.checks.map(({ expression }) => expression) };
  const hint = hintFor(error, fields, entity, isSuspect ? suspects : broken);
  return new RowsRefused([{ entity: entity.entity, table: entity.table, why: message, hint }], error);
}

/** Checks that a row breaks, or one of which cannot be computed of it, and the columns that they are about beside those in them. */
interface Broken {
  columns: readonly string[];
  checks: readonly string[];
}

/** The table's check that the error names, or those of a domain of its columns. */
function brokenChecks(error: unknown, { table }: EntityPlan): Broken {
  const name = codeOf(error) === "23514" ? errorField(error, "constraint_name") : undefined;
  const own = table.checks.find((each) => name !== undefined && each.name === name);
  if (own !== undefined) return { columns: [], checks: [own.expression] };
  const columns = table.columns.filter(({ type }) => domainIn(type, domainOf(error)) !== undefined);
  const domains = columns.flatMap(({ type }) => domainIn(type, domainOf(error)) ?? []);
  return { columns: columns.map((each) => each.name), checks: [...new Set(domains.flatMap(checksOf))] };
}

/** The domain whose check a value breaks. */
function domainOf(error: unknown): string | undefined {
  return codeOf(error) === "23514" ? errorField(error, "data type_name") : undefined;
}

/** That domain, where the type is it, or holds values of it. */
function domainIn(type: TypeShape, domain: string | undefined): TypeShape | undefined {
  if (domain === undefined) return undefined;
  if (type.kind === "domain" && type.name === domain) return type;
  const inside = [type.of ?? [], type.attributes ?? []].flat();
  return inside.map((each) => domainIn(each, domain)).find((each) => each !== undefined);
}

function hintFor(
  error: unknown,
  fields: readonly FieldPlan[],
  { entity, firstRow, amongRows = false, table }: EntityPlan,
  { columns: own, checks }: Broken,
): string {
  const code = codeOf(error);
  if (code === "23505" && firstRow === 0 && amongRows) {
    return `pgrove seed ${entity} --upsert        takes rows that are there already as changes`;
  }
  const [reference] = fields.flatMap(({ spec }) => (spec.kind === "reference" && spec.entity !== entity ? [spec] : []));
  if (code === "23505" && reference !== undefined && fields.every(({ spec }) => spec.kind === "reference")) {
    return `it refers to rows that others of its rows refer to; with more of them there can be more: pgrove seed ${reference.entity}`;
  }
  if (code === "23505" && fields.length > 0) {
    const columns = fields.map(({ column }) => column);
    return `rows of generated ones have the same key; in seeds/factories.yaml, with values that differ: ${showFields(entity, columns, differingOf)}`;
  }
  const [field] = fields;
  if (checks.length > 0) {
    const named = table.columns.filter(({ name }) => checks.some((expression) => mentionsColumn(expression, name)));
    const meant = own.length > 0 ? own : withSources(namesOf(named), table);
    const columns = table.columns.filter(({ name, generated }) => !generated && meant.includes(name));
    const which = checks.map((expression) => `\n       the check: ${expression}`);
    return `in seeds/factories.yaml, with values that keep to it: ${showFields(entity, columns)}${which.join("")}`;
  }
  const [raised] = errorField(error, "where")?.split("\n") ?? [];
  if (field === undefined && raised !== undefined && !/^2[23]/.test(code ?? ""))
    return `raised by ${raised}; --skip-triggers fires no triggers`;
  return field === undefined
    ? `pgrove seed ${entity} --dry-run        shows rows as they would be`
    : `the field comes from ${field.source}`;
}

function namesOf(columns: readonly ColumnShape[]): string[] {
  return columns.map(({ name }) => name);
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
  const base = baseOf(type);
  const { name, kind, labels, attributes = [] } = base;
  if (kind === "array") return "{array: {min: 1, max: 3}}";
  if (kind === "range") return "{range: {within: 7}}";
  if (kind === "enum") return `{one_of: [${labels.slice(0, 2).join(", ")}]}`;
  if (kind === "composite") return `{constant: "(${attributes.map(sampleOf).join(",")})"}`;
  return EXAMPLES.find(([types]) => kind === "base" && types.test(name))?.[1] ?? usualOf(base);
}

/** The generator of the type. */
function usualOf(type: TypeShape): string {
  const { name, options = {} } = findTypeGenerator(type) ?? { name: "constant", options: { value: "…" } };
  return Object.keys(options).length === 0 ? name : `{${name}: ${JSON.stringify(options)}}`;
}

const SAMPLES: readonly (readonly [types: RegExp, sample: string])[] = [
  [/^(int\d|oid|numeric|float\d|money)$/, "1"],
  [/^bool$/, "t"],
  [/^(date|timestamp|timestamptz)$/, "2026-01-01"],
  [/^(text|varchar|bpchar|citext|name)$/, "a"],
];

/** A value of a composite's attribute; of types that are not of the usual ones NULL. */
function sampleOf(type: TypeShape): string {
  const { name, kind } = baseOf(type);
  return SAMPLES.find(([types]) => kind === "base" && types.test(name))?.[1] ?? "";
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

/**
 * The columns that a refused row is blamed on, those that generated ones are computed from among them; none where that
 * is not known.
 */
export function blamedColumns(error: unknown, { table }: EntityPlan): readonly string[] {
  const named = [
    ...constrainedColumns(errorField(error, "constraint_name"), table),
    ...namesOf(table.columns.filter(({ type }) => domainIn(type, domainOf(error)) !== undefined)),
  ];
  const keys = named.length > 0 ? named : keyColumns(errorField(error, "detail") ?? "", table);
  const isUnplaced = keys.length === 0 && codeOf(error) === "23514" && !errorField(error, "constraint_name");
  const blamed = isUnplaced ? (table.partitions ?? []).flatMap(({ columns }) => columns) : keys;
  return withSources(blamed, table);
}

/** The columns, and those that the generated ones among them are computed from. */
function withSources(names: readonly string[], { columns }: TableShape): readonly string[] {
  const sources = columns.filter(({ name, expression = "" }) => expression !== "" && names.includes(name));
  const computed = columns.flatMap(({ name }) =>
    sources.some(({ expression = "" }) => mentionsColumn(expression, name)) ? [name] : [],
  );
  return [...new Set([...names, ...computed])];
}

/** The columns in `Key (lower(name), tenant_id)=(…)`, of an index that is not of columns alone. */
function keyColumns(detail: string, { columns }: TableShape): readonly string[] {
  const [, key = ""] = /^[^(]*\((.*)\)=\(/s.exec(detail) ?? [];
  return columns.map(({ name }) => name).filter((name) => mentionsColumn(key, name));
}
