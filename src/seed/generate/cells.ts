/** Makes the cells of a plan's fields, each once, with what they may ask of their row and of other entities' rows. */
import * as v from "valibot";
import { configError } from "../../errors.ts";
import type { EntityPlan, FieldPlan, FieldSpec, JointPlan, SeedPlan, TypeShape } from "../entity.ts";
import { findGenerator, readGeneratorUse } from "./catalogue.ts";
import { isBare, requireFit, typeOfPart, wantsElements } from "./cell-fits.ts";
import { chooseCase, inRowsCase, withNulls, withRule } from "./cell-rules.ts";
import { createSite } from "./cell-sites.ts";
import type { CellSource, JointDigits } from "./cell-source.ts";
import { cellText } from "./cell-text.ts";
import { appendBytes, appendNull, encodeCopyText } from "./copy-text.ts";
import { chooseJoint, findJoint } from "./joint-units.ts";
import { drawBelow, hashText, mixKeys } from "./mix.ts";
import {
  cellOfChosen,
  chooseAny,
  chooseEarlier,
  chooseEarlierMatching,
  chooseMatching,
  findReferenced,
  placeBelowParent,
  REFERENCE_OPTIONS,
  type ReferencedRows,
  type ReferencePlan,
} from "./references.ts";
import { type Cell, type CellSite, isTextType, type OfRow, type PartCell } from "./site.ts";
import { codeCell, fitLength, isTooShort } from "./text-length.ts";
import { chooseTried, ownSpecs, triedCell } from "./tried-cells.ts";
import { isOfParent, unitOf } from "./units.ts";

type GeneratorPlan = Extract<FieldSpec, { kind: "generator" }>;

/** A field that is being made: asked for again, it would hang on itself. */
const IN_WORK = "in work";

export class CellMaker implements CellSource {
  private readonly wholes = new Map<string, EntityPlan>();
  private readonly cells = new Map<string, Cell | typeof IN_WORK>();
  private readonly cases = new Map<string, OfRow<number>>();
  private readonly joints = new Map<string, JointDigits>();

  /** `entity` may write other fields than the plan's entity of that name; both are known by their columns' names. */
  constructor(
    readonly plan: SeedPlan,
    private readonly entity: EntityPlan,
  ) {}

  /** The cell of a column. Throws when nothing is planned for it, or when it hangs on itself. */
  cellOf(entity: EntityPlan, column: string): Cell {
    const whole = this.wholeOf(entity);
    return this.makeOnce(entity.entity, column, () => {
      const field = requireField(whole, column);
      const cell = this.makeCell(whole, field);
      const tries = whole.tries?.find((each) => each.specs.has(column));
      const specs = tries?.specs.get(column);
      if (tries === undefined || specs === undefined) return cell;
      return triedCell(cell, { ...tries, firstRow: whole.firstRow }, (attempt) => {
        const spec = chooseTried(`${whole.entity}.${column}`, [...ownSpecs(field), ...specs], attempt);
        return spec && this.makeSpec(whole, { ...field, spec }, ` tried ${attempt}`);
      });
    });
  }

  /** The column's values before its row's case says whether they are there. */
  private freeCellOf(entity: EntityPlan, column: string): Cell {
    const field = requireField(entity, column);
    if (field.inCases === undefined) return this.cellOf(entity, column);
    return this.makeOnce(entity.entity, `${column} in no case`, () => this.makeValues(entity, field, field));
  }

  private makeOnce(entity: string, column: string, make: () => Cell): Cell {
    const name = JSON.stringify([entity, column]);
    const made = this.cells.get(name);
    if (made === IN_WORK)
      throw configError(
        `${entity}.${column} is made of itself, by way of other fields`,
        "break the circle: give one of the fields a generator of its own",
      );
    if (made !== undefined) return made;
    this.cells.set(name, IN_WORK);
    const cell = make();
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
    const { inCases, nullShare } = field;
    const nulls = (cell: Cell, share: number) =>
      withNulls(cell, share, mixKeys(this.plan.seed, hashText(`${entity.entity}.${unitOf(entity, field)} null`)));
    if (inCases === undefined) return nulls(this.makeValues(entity, field, field), nullShare);
    const cells = inCases.map(({ presence, ...own }) =>
      nulls(this.makeValues(entity, field, own), presence === undefined ? nullShare : 0),
    );
    return inRowsCase({ inCases, cells, caseOf: this.caseOf(entity) });
  }

  /** The field's values where it is there: `own` is what it is in one case, or in all. */
  private makeValues(
    entity: EntityPlan,
    field: FieldPlan,
    own: Pick<FieldPlan, "letters" | "otherwise"> & { spec?: FieldSpec },
  ): Cell {
    const { spec = field.spec, otherwise } = own;
    const cell = this.makeSpec(entity, { ...field, spec });
    const instead = otherwise === undefined ? undefined : this.makeSpec(entity, { ...field, spec: otherwise.spec });
    return withRule(cell, own, instead);
  }

  private makeSpec(entity: EntityPlan, field: FieldPlan, salt?: string): Cell {
    const { spec } = field;
    const site = createSite(this, entity, field, salt);
    if (spec.kind === "generator") return this.generate(spec, site);
    if (spec.kind === "reference") return this.refer(spec, field, site);
    if (spec.kind === "sql" && spec.of !== undefined) return this.makeSpec(entity, { ...field, spec: spec.of }, salt);
    const value = spec.kind === "constant" ? spec.value : null; // SQL is computed once the row is loaded
    if (value === null) return { write: (_, out) => appendNull(out) };
    const bytes = encodeCopyText(String(value));
    return { write: (_, out) => appendBytes(out, bytes) };
  }

  /** Which of the entity's cases each row is of. */
  private caseOf(entity: EntityPlan): OfRow<number> {
    const known = this.cases.get(entity.entity);
    if (known !== undefined) return known;
    const chosen = chooseCase(entity.cases ?? [], {
      key: mixKeys(this.plan.seed, hashText(`${entity.entity} case`)),
      firstRow: entity.firstRow,
      textOf: (column) => cellText(this.freeCellOf(entity, column)),
    });
    this.cases.set(entity.entity, chosen);
    return chosen;
  }

  /** What is chosen together for the entity's rows. */
  jointOf(entity: EntityPlan, joint: JointPlan): JointDigits {
    const name = JSON.stringify([entity.entity, joint.columns]);
    const known = this.joints.get(name) ?? chooseJoint(this, entity, joint);
    this.joints.set(name, known);
    return known;
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
    const { match } = parsed.output;
    if (spec.entity === entity.entity) {
      const { nullable } = field.column;
      const own = Object.entries(match ?? {}).flatMap(([theirs, mine]) => (theirs === mine ? [mine] : []));
      const others = entity.fields.find(({ column }) => column.name === spec.column)?.differs ?? [];
      const isOther = others.includes(field.column.name) || field.differs?.includes(spec.column) === true;
      const differs = isOther && entity.rows > 1;
      const earlier =
        own.length === 0 ? chooseEarlier(site, nullable, differs) : chooseEarlierMatching(site, own, nullable);
      return cellOfChosen(this.cellOf(entity, spec.column), earlier);
    }
    const rows = findReferenced(this.plan, spec, (other, column) => this.cellOf(other, column));
    if (rows === undefined)
      throw site.mistake(
        `there are no rows of ${spec.entity} to refer to`,
        `seed it, too: pgrove seed ${spec.entity} ${entity.entity}`,
      );
    const place = isOfParent(entity, field) ? placeBelowParent(this.plan, entity) : undefined;
    if (place !== undefined) return cellOfChosen(rows.cell(spec.column), place.parentOf);
    const choose =
      match === undefined || findJoint(entity, field) !== undefined
        ? chooseAny(site, rows, parsed.output)
        : chooseMatching(site, rows, match, field.column.nullable);
    return cellOfChosen(rows.cell(spec.column), this.withDifference(choose, spec, field, { entity, rows }));
  }

  /** The next row where another column of the row refers to the same one, and a check wants them to be different. */
  private withDifference(
    choose: OfRow<number | undefined>,
    { entity: referred, column }: ReferencePlan,
    { differs = [] }: FieldPlan,
    { entity, rows }: { entity: EntityPlan; rows: ReferencedRows },
  ): OfRow<number | undefined> {
    const others = entity.fields.filter(
      (each) => differs.includes(each.column.name) && each.spec.kind === "reference" && each.spec.entity === referred,
    );
    if (others.length === 0) return choose;
    const own = cellText(rows.cell(column));
    const texts = others.map((each) => cellText(this.freeCellOf(entity, each.column.name)));
    return (row) => {
      const chosen = choose(row);
      if (chosen === undefined) return undefined;
      const taken = texts.map((text) => text(row));
      const places = Array.from(
        { length: others.length + 1 },
        (_, step) => rows.first + ((chosen - rows.first + step) % rows.count),
      );
      return places.find((place) => !taken.includes(own(place))) ?? chosen;
    };
  }

  /** A generator inside another one. */
  partCell(written: unknown, part: string, type: TypeShape | undefined, whole: CellSite): PartCell {
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

function requireField(entity: EntityPlan, column: string): FieldPlan {
  const field = entity.fields.find((each) => each.column.name === column);
  if (field !== undefined) return field;
  throw configError(
    `${entity.entity}.${column} is referred to, but the database makes its values by itself`,
    `give ${column} a field in ${entity.entity}`,
  );
}
