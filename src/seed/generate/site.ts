/** What a generator is, and what it is given to make the cells of one field. */
import * as v from "valibot";
import type { PgroveError } from "../../errors.ts";
import type { ByteSink, EntityPlan, FieldPlan, TypeShape } from "../entity.ts";

/** Something of a row, by the row's number. */
export type OfRow<Value> = (row: number) => Value;

/** The cells of one field: each depends on its row's number alone. */
export interface Cell {
  /** Appends the value as COPY's text format has it, escaped. */
  write(row: number, out: ByteSink): void;
  /** Milliseconds since 1970, where the value is a time: what other times of the row hang on. */
  instant?: OfRow<number>;
}

/** A generator inside another one. */
export interface PartCell extends Cell {
  /** How its values stand in JSON: texts are quoted there, the others are not. */
  json: "text" | "bare";
}

/** Where a generator stands: the field, its type, and what else of the row it can ask for. */
export interface CellSite {
  /** All chance of this field comes from this key. */
  key: number;
  /** The column's type; a domain is what it stands on. */
  type: TypeShape;
  nowMs: number;
  entity: EntityPlan;
  /** The column's name. */
  field: string;
  /** Values may not repeat: the value must come from `pick`, or from something that never repeats. */
  distinct: boolean;
  /** Whole numbers in [0, space): by chance, or a permutation where values may not repeat. */
  pick(space: number): OfRow<number>;
  /** What is planned for a column of the same row. */
  findField(name: string): FieldPlan | undefined;
  /** Another field of the same row. */
  fieldCell(name: string): Cell;
  /** The same as text, NULL as null. */
  fieldText(name: string): OfRow<string | null>;
  /** A cell's values as text, NULL as null. */
  cellText(cell: Cell): OfRow<string | null>;
  /** A generator inside this one, as it stands in the file: its name, or one key with its options. */
  partCell(written: unknown, part: string, type?: TypeShape): PartCell;
  /** What is wrong here, as an error that names entity, field and source. */
  mistake(problem: string, hint?: string): PgroveError;
}

/** One generator of the catalogue. */
export interface GeneratorDefinition {
  name: string;
  /** One line for the documentation. */
  about: string;
  /** Strict: unknown options are mistakes. */
  options: v.GenericSchema;
  /** The option that a bare value stands for, as in `{template: "…"}`. */
  shorthand?: string;
  /** The names of the types that it can fill beside texts; left out, any. */
  fits?: readonly string[];
  /**
   * How many distinct values there are; undefined when rows never share one, however many. Options are valid. `nowMs`: what
   * relative times hang on.
   */
  space(options: unknown, type: TypeShape, nowMs?: number): bigint | undefined;
  /** Options are valid. Throws when they do not go with the field's type or its row. */
  compile(options: unknown, site: CellSite): Cell;
}

interface TypedDefinition<Schema extends v.GenericSchema> {
  name: string;
  about: string;
  options: Schema;
  shorthand?: string;
  fits?: readonly string[];
  space?(options: v.InferOutput<Schema>, type: TypeShape, nowMs: number): number | undefined;
  compile(options: v.InferOutput<Schema>, site: CellSite): Cell;
}

/** A definition whose functions take the options as its schema makes them. */
export function defineGenerator<Schema extends v.GenericSchema>(typed: TypedDefinition<Schema>): GeneratorDefinition {
  const { space, compile, ...rest } = typed;
  return {
    ...rest,
    space: (options, type, nowMs = Date.now()) => {
      const count = space?.(v.parse(typed.options, options), type, nowMs);
      return count === undefined ? undefined : BigInt(count);
    },
    compile: (options, site) => compile(v.parse(typed.options, options), site),
  };
}

/** For generators that take no options. */
export const NO_OPTIONS = v.strictObject({});

/** Types that hold any text. */
const TEXT_TYPES: ReadonlySet<string> = new Set(["text", "varchar", "bpchar", "char", "citext", "name", "unknown"]);

/** Whether the type takes any text that is short enough. */
export function isTextType(type: TypeShape): boolean {
  return type.kind === "base" && TEXT_TYPES.has(type.name);
}
