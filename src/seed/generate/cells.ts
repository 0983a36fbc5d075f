/** Makes the cells of a plan's fields, each once, with what they may ask of their row and of other entities' rows. */
import * as v from "valibot";
import { configError, type PgroveError } from "../../errors.ts";
import type { EntityPlan, FieldPlan, SeedPlan, TypeShape } from "../entity.ts";
import type { GeneratorUse } from "./by-type.ts";
import { findGenerator, readGeneratorUse } from "./catalogue.ts";
import { appendBytes, appendNull, createSink, decodeCopyText, encodeCopyText } from "./copy-text.ts";
import { drawBelow, drawFraction, hashText, mixKeys } from "./mix.ts";
import { createPermutation } from "./permutation.ts";
import {
  cellOfChosen,
  chooseAny,
  chooseEarlier,
  chooseMatching,
  findReferenced,
  placeBelowParent,
  REFERENCE_OPTIONS,
  type ReferencePlan,
} from "./references.ts";
import { type Cell, type CellSite, type GeneratorDefinition, isTextType, type OfRow, type PartCell } from "./site.ts";
import { hasNewReference } from "./spaces.ts";
import { codeCell, fitLength, isTooShort } from "./text-length.ts";
import { plainType } from "./types.ts";
import { isOfParent, leaderOf, readGroup, unitOf } from "./units.ts";

type GeneratorPlan = Extract<FieldPlan["spec"], { kind: "generator" }>;

/** A field that is being made: asked for again, it would hang on itself. */
const IN_WORK = "in work";

export class CellMaker {
  private readonly wholes = new Map<string, EntityPlan>();
  private readonly cells = new Map<string, Cell | typeof IN_WORK>();

  /** `entity` may write other fields than the plan's entity of that name; both are known by their columns' names. */
  constructor(
    private readonly plan: SeedPlan,
    private readonly entity: EntityPlan,
  ) {}

  /** The cell of a column. Throws when nothing is planned for it, or when it hangs on itself. */
  cellOf(entity: EntityPlan, column: string): Cell {
    const name = JSON.stringify([entity.entity, column]);
    const made = this.cells.get(name);
    if (made === IN_WORK)
      throw configError(
        `${entity.entity}.${column} is made of itself, by way of other fields`,
        "break the circle: give one of the fields a generator of its own",
      );
    if (made !== undefined) return made;
    const whole = this.wholeOf(entity);
    const field = whole.fields.find((each) => each.column.name === column);
    if (field === undefined) {
      throw configError(
        `${entity.entity}.${column} is referred to, but the database makes its values by itself`,
        `give ${column} a field in ${entity.entity}`,
      );
    }
    this.cells.set(name, IN_WORK);
    const cell = this.withNulls(whole, field, this.makeCell(whole, field));
    this.cells.set(name, cell);
    return cell;
  }

  /** The entity with all fields that are known of it: a caller may write only some of them. */
  private wholeOf({ entity }: EntityPlan): EntityPlan {
    const known = this.wholes.get(entity);
    if (known !== undefined) return known;
    const planned = this.plan.entities.find((each) => each.entity === entity) ?? this.entity;
    const own = entity === this.entity.entity ? [...this.entity.fields, ...this.entity.later] : [];
    const fields = new Map([...own, ...planned.later, ...planned.fields].map((field) => [field.column.name, field]));
    const whole = { ...planned, fields: [...fields.values()], later: [] };
    this.wholes.set(entity, whole);
    return whole;
  }

  private makeCell(entity: EntityPlan, field: FieldPlan): Cell {
    const { spec } = field;
    const site = this.siteOf(entity, field);
    if (spec.kind === "generator") return this.generate(spec, site);
    if (spec.kind === "reference") return this.refer(spec, field, site);
    const value = spec.kind === "constant" ? spec.value : null; // SQL is computed once the row is loaded
    if (value === null) return { write: (_, out) => appendNull(out) };
    const bytes = encodeCopyText(String(value));
    return { write: (_, out) => appendBytes(out, bytes) };
  }

  private generate({ name, options }: GeneratorPlan, site: CellSite): Cell {
    const definition = findGenerator(name);
    if (definition === undefined) throw site.mistake(`there is no generator ${name}`);
    const { issues } = v.safeParse(definition.options, options);
    if (issues !== undefined) throw site.mistake(`the options of ${name} are wrong: ${issues[0].message}`);
    if (wantsElements(definition, site.type)) {
      const array = findGenerator("array");
      if (array !== undefined) return array.compile({ of: { [name]: options } }, site);
    }
    requireFit(definition, site);
    const length = isTextType(site.type) ? site.type.length : undefined;
    if (length === undefined) return definition.compile(options, site);
    const isOpen = site.distinct && definition.space(options, site.type) === undefined;
    if (isOpen && isTooShort(length)) return codeCell(site, length);
    return fitLength(definition.compile(options, site), length, site.distinct);
  }

  private refer(spec: ReferencePlan, field: FieldPlan, site: CellSite): Cell {
    const { entity } = site;
    const parsed = v.safeParse(REFERENCE_OPTIONS, spec.options);
    if (!parsed.success)
      throw site.mistake(`the options of @${spec.entity}.${spec.column} are wrong: ${parsed.issues[0].message}`);
    if (spec.entity === entity.entity) {
      return cellOfChosen(this.cellOf(entity, spec.column), chooseEarlier(site, field.column.nullable));
    }
    const rows = findReferenced(this.plan, spec, (other, column) => this.cellOf(other, column));
    if (rows === undefined)
      throw site.mistake(
        `there are no rows of ${spec.entity} to refer to`,
        `seed it, too: pgrove seed ${spec.entity} ${entity.entity}`,
      );
    const place = isOfParent(entity, field) ? placeBelowParent(this.plan, entity) : undefined;
    if (place !== undefined) return cellOfChosen(rows.cell(spec.column), place.parentOf);
    const { match } = parsed.output;
    const choose =
      match === undefined
        ? chooseAny(site, rows, parsed.output)
        : chooseMatching(site, rows, match, field.column.nullable);
    return cellOfChosen(rows.cell(spec.column), choose);
  }

  private siteOf(entity: EntityPlan, field: FieldPlan): CellSite {
    const { column, spec } = field;
    const unit = unitOf(entity, field);
    const chosen = spec.kind === "reference" ? `${unit} row` : unit;
    const key = mixKeys(this.plan.seed, hashText(`${entity.entity}.${chosen}`));
    const leader = leaderOf(entity, field);
    const pickDigit = this.findDigit(entity, leader);
    const distinct = leader.unique || pickDigit !== undefined;
    const site: CellSite = {
      ...{ key, entity, distinct, type: plainType(column.type), nowMs: this.plan.now.getTime(), field: column.name },
      pick: (space) => {
        if (pickDigit !== undefined && pickDigit !== "open") return pickDigit;
        return distinct ? this.permuted(entity, field, key, space) : (row) => drawBelow(site.key, row, space);
      },
      findField: (name) => entity.fields.find((each) => each.column.name === name),
      fieldCell: (name) => this.cellOf(entity, name),
      fieldText: (name) => cellText(this.cellOf(entity, name)),
      cellText,
      partCell: (written, part, type) => this.partCell(written, part, type, site),
      mistake: (problem, hint) => explain(entity, field, problem, hint),
    };
    return site;
  }

  /** Each value once: by the row's number, or by its number in the run where the values are rows of this run. */
  private permuted(entity: EntityPlan, { spec }: FieldPlan, key: number, space: number): OfRow<number> {
    const permute = createPermutation(space, key);
    const first = spec.kind === "reference" ? entity.firstRow : 0;
    return (row) => permute(row - first);
  }

  /** The field's part of a composite unique key; undefined when it is in none or is free to repeat. */
  private findDigit(entity: EntityPlan, field: FieldPlan): OfRow<number> | "open" | undefined {
    const { uniqueGroup } = field;
    if (uniqueGroup === undefined || field.unique || isOfParent(entity, field)) return undefined;
    const { open, belowParent, digits } = readGroup(this.plan, entity, uniqueGroup);
    if (open !== undefined) return open === field.column.name ? "open" : undefined;
    const at = digits.findIndex(({ unit }) => unit === unitOf(entity, field));
    const below = digits.slice(0, at).reduce((product, { space }) => product * space, 1);
    const space = digits[at]?.space ?? 1;
    const index = this.combination(
      entity,
      uniqueGroup,
      belowParent,
      digits.reduce((product, digit) => product * digit.space, 1),
    );
    return (row) => Math.floor(index(row) / below) % space;
  }

  /** The number of the row's combination of values; among the children of one parent, where that is part of the key. */
  private combination(entity: EntityPlan, group: number, belowParent: boolean, count: number): OfRow<number> {
    const key = mixKeys(this.plan.seed, hashText(`${entity.entity} unique ${group}`));
    const permute = createPermutation(Math.max(1, count), key);
    const place = belowParent ? placeBelowParent(this.plan, entity) : undefined;
    if (place === undefined) {
      const first = hasNewReference(this.plan, entity, group) ? entity.firstRow : 0;
      return (row) => permute(row - first);
    }
    return (row) => permute((place.siblingOf(row) + drawBelow(key, place.parentOf(row), count)) % count);
  }

  /** NULL in the field's share of the rows. */
  private withNulls(entity: EntityPlan, field: FieldPlan, cell: Cell): Cell {
    const { nullShare } = field;
    if (nullShare <= 0) return cell;
    const key = mixKeys(this.plan.seed, hashText(`${entity.entity}.${unitOf(entity, field)} null`));
    return {
      ...cell,
      write(row, out) {
        if (drawFraction(key, row) < nullShare) appendNull(out);
        else cell.write(row, out);
      },
    };
  }

  private partCell(written: unknown, part: string, type: TypeShape | undefined, whole: CellSite): PartCell {
    const use = readGeneratorUse(written);
    if (typeof use === "string") throw whole.mistake(use);
    const definition = findGenerator(use.name);
    if (definition === undefined) throw whole.mistake(`there is no generator ${use.name}`);
    const key = mixKeys(whole.key, hashText(part));
    const site: CellSite = {
      ...{ ...whole, key, distinct: false, type: typeOfPart(type, definition) },
      pick: (space) => (row) => drawBelow(key, row, space),
      partCell: (inner, name, innerType) => this.partCell(inner, name, innerType, site),
    };
    return {
      ...this.generate({ kind: "generator", ...use }, site),
      json: isBare(definition, use, site) ? "bare" : "text",
    };
  }
}

/** Within JSON, only what makes arrays of it needs to know of it. */
function typeOfPart(type: TypeShape | undefined, { name }: GeneratorDefinition): TypeShape {
  return type === undefined || (JSON_TYPES.has(type.name) && name !== "array") ? TEXT : plainType(type);
}

/** Whether the values stand in JSON without quotes: numbers, truth values, and what is JSON itself. */
function isBare({ fits = [], name }: GeneratorDefinition, { options }: GeneratorUse, { type }: CellSite): boolean {
  if (name === "array") return JSON_TYPES.has(type.name);
  const values = Array.isArray(options.values) ? options.values : [options.value];
  return fits.some((fit) => BARE.has(fit)) || values.every((value) => ["number", "boolean"].includes(typeof value));
}

const TEXT: TypeShape = { name: "text", kind: "base", labels: [], checks: [], notNull: false };

const JSON_TYPES: ReadonlySet<string> = new Set(["json", "jsonb"]);
/** Values of these types stand in JSON without quotes. */
const BARE: ReadonlySet<string> = new Set(["numeric", "bool", "jsonb"]);

/** A column of an array gets arrays of what the generator makes, but for those that make the whole. */
const WHOLES: ReadonlySet<string> = new Set(["array", "null", "constant", "expression", "template"]);

function wantsElements({ name }: GeneratorDefinition, type: TypeShape): boolean {
  return type.kind === "array" && !WHOLES.has(name);
}

function requireFit({ name, fits }: GeneratorDefinition, site: CellSite): void {
  if (fits === undefined || site.type.kind !== "base" || isTextType(site.type) || fits.includes(site.type.name)) return;
  throw site.mistake(
    `${name} makes nothing that a ${site.type.name} takes`,
    `${name} is for: text, ${fits.join(", ")}`,
  );
}

function cellText(cell: Cell): OfRow<string | null> {
  const scratch = createSink(256);
  return (row) => {
    scratch.length = 0;
    cell.write(row, scratch);
    return decodeCopyText(scratch.bytes.subarray(0, scratch.length));
  };
}

function explain({ entity }: EntityPlan, { column, source }: FieldPlan, problem: string, hint?: string): PgroveError {
  return configError(`${entity}.${column.name} (${source}): ${problem}`, hint);
}
