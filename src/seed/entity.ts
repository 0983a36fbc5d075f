/** What seeding works with, as plain data: tables as the database has them, what is wanted of each, and the plan. */
import type { ColumnRule, Rules } from "./rules.ts";

/** A type, as far as a value for it has to be made. */
export interface TypeShape {
  /** PostgreSQL's own name: "int4", "text", "timestamptz", an enum's or domain's name. */
  name: string;
  kind: "base" | "enum" | "domain" | "array" | "range" | "composite";
  /** An enum's labels, in order. */
  labels: readonly string[];
  /** What an array or range holds, the range that a multirange holds, and what a domain stands on. */
  of?: TypeShape;
  /** A composite type's attributes. */
  attributes?: readonly TypeShape[];
  /** varchar(n), char(n), bit(n). */
  length?: number;
  /** numeric(p, s). */
  precision?: number;
  scale?: number;
  /** A domain's check constraints, as PostgreSQL prints them, with VALUE. */
  checks: readonly string[];
  notNull: boolean;
}

export interface ColumnShape {
  name: string;
  type: TypeShape;
  nullable: boolean;
  /** The default's expression, as PostgreSQL prints it. */
  default: string | null;
  identity: "always" | "default" | null;
  /** GENERATED ALWAYS AS (…): not to be written. */
  generated: boolean;
  /** What it is then computed by. */
  expression?: string;
  /** The sequence that an identity or serial column takes its values from, qualified and quoted. */
  sequence: string | null;
}

export interface ForeignKey {
  name: string;
  columns: readonly string[];
  /** "schema.table" as in `tableKey`. */
  table: string;
  /** The referenced table's columns, in the same order. */
  references: readonly string[];
  deferrable: boolean;
  /** This role owns the table, and so may let it wait for the end of a transaction. */
  alterable?: boolean;
  validated: boolean;
}

/** A unique key of whole columns, without a predicate: one that ON CONFLICT can name. */
export interface UniqueKey {
  name: string;
  columns: readonly string[];
  nullsDistinct: boolean;
}

/** What must differ beside whole columns: a partial or expression index, or an exclusion constraint. */
export interface ApartKey {
  /** Its columns, those in expressions among them; of an exclusion those that are compared by equality, if there are any. */
  columns: readonly string[];
  /** Columns and expressions as SQL has them. */
  elements?: readonly string[];
  /** Of an exclusion: those of them that may not overlap. */
  overlapping?: readonly string[];
  /** Of a partial index: the rows that it is about. */
  predicate?: string;
}

/** How one level of a partitioned table is divided. */
export interface PartitionLevel {
  strategy: "list" | "range" | "hash";
  /** Expressions among them are left out. */
  columns: readonly string[];
  /** What each partition takes, as PostgreSQL prints it: "FOR VALUES IN ('a')", "DEFAULT". */
  bounds: readonly string[];
}

export interface TableShape {
  schema: string;
  name: string;
  kind: "table" | "partitioned";
  columns: readonly ColumnShape[];
  primaryKey: readonly string[];
  /** The primary key is not among them. */
  uniques: readonly UniqueKey[];
  apart?: readonly ApartKey[];
  foreignKeys: readonly ForeignKey[];
  /** The table's check constraints, as PostgreSQL prints them. */
  checks: readonly { name: string; expression: string }[];
  /** Of a partitioned table: its own division, and those of its partitions. */
  partitions?: readonly PartitionLevel[];
  /** Rows by the last ANALYZE; -1 when there was none. */
  estimatedRows: number;
}

/** Whether its values, or what PostgreSQL computes them from, are made here. */
export function isMade({ spec }: Pick<FieldPlan, "spec">): boolean {
  return spec.kind !== "sql" || spec.of !== undefined;
}

/** "schema.table": what tables are found by. */
export function tableKey({ schema, name }: Pick<TableShape, "schema" | "name">): string {
  return `${schema}.${name}`;
}

/** How the values of one field are made. */
export type FieldSpec =
  /** A generator of pgrove's, or `faker` with the method's name among the options. */
  | { kind: "generator"; name: string; options: Readonly<Record<string, unknown>> }
  /** A column of another entity's row: the parent's where the entity is made per that one, else one at random. */
  | {
      kind: "reference";
      entity: string;
      column: string;
      options: Readonly<Record<string, unknown>>;
      /** The only rows that it may be to, from 0; left out, all of them. */
      among?: readonly number[];
    }
  /** The value itself; null is SQL's. */
  | { kind: "constant"; value: string | number | boolean | null }
  /** SQL that the server computes for every row once it is loaded; of what the column is made of, where it is of itself. */
  | { kind: "sql"; expression: string; of?: FieldSpec };

export interface FieldPlan {
  column: ColumnShape;
  spec: FieldSpec;
  /** Where in the file it is written, or that it was inferred: "seeds/users.yaml:12", "the column's type". */
  source: string;
  /** Every value once in the table. A composite key's columns carry `uniqueGroup` instead. */
  unique: boolean;
  /** The number of the composite unique key that it is part of. */
  uniqueGroup?: number;
  /** The share of rows that are NULL, 0 to 1. */
  nullShare: number;
  /** Letters are written in that case. */
  letters?: "lower" | "upper";
  /** Other columns of the row whose values are different ones. */
  differs?: readonly string[];
  /** A factory file says what it is. */
  written?: boolean;
  /** What is made where a value would break a rule of the column. */
  otherwise?: { unless: ColumnRule; spec: FieldSpec };
  /** What it is in each of the entity's cases. */
  inCases?: readonly CaseField[];
}

/** What a field is in one case. */
export interface CaseField extends Pick<FieldPlan, "letters" | "otherwise"> {
  /** In place of the field's own. */
  spec?: FieldSpec;
  /** NULL in every row of the case, or in none. */
  presence?: "null" | "present";
}

/** One of the ways in which a row can meet the table's checks. */
export interface CasePlan {
  /** What fields that are decided elsewhere have to meet where a row is of this case. */
  tests: Rules;
  /** It refers to an earlier row: the first one has none. */
  afterFirst: boolean;
}

/** How many rows of an entity there are for each row of its parent. */
export type FanOut =
  | { kind: "fixed"; count: number }
  /** Counts and their weights. */
  | { kind: "weighted"; weights: ReadonlyMap<number, number> }
  | { kind: "random"; min: number; max: number };

export interface EntityPlan {
  entity: string;
  table: TableShape;
  /** Rows are numbered from here: an earlier run has made those before. */
  firstRow: number;
  /** Rows are in its table that are not of this run, and that it does not take as changes. */
  amongRows?: boolean;
  rows: number;
  /** The entity that it is made per, whose rows of this run it hangs on. */
  per?: { entity: string; fanOut: FanOut };
  /** What is written, in this order; columns that are left out take their default. */
  fields: readonly FieldPlan[];
  /** Columns of a cycle: loaded as NULL, then filled by one UPDATE. */
  later: readonly FieldPlan[];
  /** Foreign keys of a cycle that are to wait for the end of the run, by name. */
  waiting?: readonly string[];
  /** What an identity or serial column begins with at row `firstRow`. */
  firstKeys: ReadonlyMap<string, bigint>;
  /** Where checks leave several ways: each row goes one of them. */
  cases?: readonly CasePlan[];
  /** Columns that are chosen together, row by row. */
  joints?: readonly JointPlan[];
  /** What is to be unique by the factory, and not by the table: columns whose values PostgreSQL does not compare. */
  unchecked?: readonly (readonly string[])[];
  /** Where PostgreSQL refused rows as they were planned. */
  tries?: readonly Tries[];
}

/** Other values than the planned ones, of some columns and some rows: those that PostgreSQL took. */
export interface Tries {
  /** The checks that they were tried for; none where it was everything about the row. */
  checks: readonly string[];
  /** What the columns are made of beside their own fields. */
  specs: ReadonlyMap<string, readonly FieldSpec[]>;
  /** Each row's attempt, from the first row on: 0 is the row as it was planned. */
  attempts: number[];
}

/** Columns that are chosen together: unique keys that share some, and references that have to agree with each other. */
export interface JointPlan {
  columns: readonly string[];
  keys: readonly (readonly string[])[];
  /** Pairs of references whose values are different ones, or the first of which lies below the second. */
  pairs: readonly JointPair[];
}

export interface JointPair {
  columns: readonly [string, string];
  order: "different" | "below" | "not above";
}

export interface SeedPlan {
  /** In the order of loading: what is referenced comes first. */
  entities: readonly EntityPlan[];
  seed: number;
  /** What relative times hang on. */
  now: Date;
  generatorVersion: number;
  /** Key values of rows that are there already, of entities that are only referenced: "schema.table.column" → texts. */
  existing: ReadonlyMap<string, readonly string[]>;
}

/** Makes the rows of one entity. Each cell depends on its row's number and nothing that was made before. */
export interface RowMaker {
  /** Appends the row as a line of COPY's text format. */
  write(row: number, out: ByteSink): void;
  /** The same values as text, NULL as null: for INSERT, samples and errors. */
  values(row: number): (string | null)[];
}

/** Bytes to which rows are appended: `room` before writing makes sure that so many fit. */
export interface ByteSink {
  bytes: Uint8Array;
  length: number;
  room(bytes: number): void;
}
