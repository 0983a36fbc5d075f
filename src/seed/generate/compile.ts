/** From a plan to bytes: the rows of each entity as lines of COPY's text format. */
import { configError, type PgroveError } from "../../errors.ts";
import type { EntityPlan, FieldPlan, FieldSpec, RowMaker, SeedPlan } from "../entity.ts";
import { appendByte } from "./append.ts";
import { CellMaker } from "./cells.ts";
import { createSink, decodeCopyText, PIECE_BYTES } from "./copy-text.ts";
import { loadFaker } from "./faker.ts";
import { FIRST_VERSION, GENERATOR_VERSION } from "./mix.ts";

const TAB = 9;
const LINE_FEED = 10;

/** faker, or a dotted name; options may hold generators, too, so it is looked for anywhere. */
const FAKER_NAME = /\bfaker\b|["{][a-z]\w*\.[a-zA-Z]\w*\b/;

/** Loads what the plan's generators need. To be awaited before the rows of a plan are made. */
export async function prepareGenerators(plan: SeedPlan): Promise<void> {
  if (!isKnownVersion(plan.generatorVersion)) throw unknownVersion(plan.generatorVersion);
  const specs = plan.entities.flatMap(({ fields, later }) => [...fields, ...later].flatMap(specsOf));
  if (specs.some((spec) => spec.kind === "generator" && FAKER_NAME.test(JSON.stringify(spec)))) await loadFaker();
}

/** Everything that the field may be made by. */
function specsOf({ spec, otherwise, inCases = [] }: FieldPlan): FieldSpec[] {
  const others = [otherwise, ...inCases.flatMap((each) => [each, each.otherwise])];
  return [spec, ...others.flatMap((each) => each?.spec ?? [])];
}

/** Whether rows of that version are made. */
function isKnownVersion(version: number): boolean {
  return Number.isInteger(version) && version >= FIRST_VERSION && version <= GENERATOR_VERSION;
}

function unknownVersion(version: number): PgroveError {
  return configError(
    `generator_version ${version} is not one that this pgrove knows: it makes versions ${FIRST_VERSION} to ${GENERATOR_VERSION}`,
    `write generator_version: ${GENERATOR_VERSION}`,
  );
}

/** Makes the maker of an entity's rows. Throws a PgroveError that names entity, field and source of what is wrong. */
export function compileEntity(plan: SeedPlan, entity: EntityPlan): RowMaker {
  const maker = new CellMaker(plan, entity);
  const cells = entity.fields.map(({ column }) => maker.cellOf(entity, column.name));
  const last = cells.length - 1;
  const scratch = createSink();
  return {
    write(row, out) {
      for (let index = 0; index <= last; index++) {
        cells[index]?.write(row, out);
        if (index < last) appendByte(out, TAB);
      }
      appendByte(out, LINE_FEED);
    },
    values: (row) =>
      cells.map((cell) => {
        scratch.length = 0;
        cell.write(row, scratch);
        return decodeCopyText(scratch.bytes.subarray(0, scratch.length));
      }),
  };
}

/**
 * The rows from `from` up to, but without, `to`, in pieces of about 64 KiB that end with a row. Once a piece has been
 * taken and the next is asked for, `taken` is told how many rows are gone.
 */
export function* generateRows(
  plan: SeedPlan,
  entity: EntityPlan,
  from: number,
  to: number,
  taken: (rows: number) => void = () => undefined,
): Generator<Uint8Array> {
  const { write } = compileEntity(plan, entity);
  const sink = createSink();
  for (let row = from; row < to; row++) {
    write(row, sink);
    if (sink.length < PIECE_BYTES) continue;
    yield sink.take();
    taken(row + 1 - from);
  }
  if (sink.length > 0) yield sink.take();
  taken(to - from);
}
