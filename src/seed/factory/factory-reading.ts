/** One factory file as it was read, with everything that is wrong in it. */
import { basename, join } from "node:path";
import * as v from "valibot";
import { describeIssues, findShapeMistakes, mistakeAt } from "../../config/mistakes.ts";
import { loadTextFile } from "../../config/text-file.ts";
import { type Path, readYaml, type YamlSource } from "../../config/yaml-source.ts";
import { configError, type PgroveError } from "../../errors.ts";
import { type FieldReader, readField } from "./factory-fields.ts";
import { type FactoryFile, factoryFileSchema } from "./factory-schema.ts";

const MOST_SHOWN = 50;

/** One file as it was read; `file` is undefined where its shape is wrong. */
export interface Reading extends FieldReader {
  name: string;
  file: FactoryFile | undefined;
}

/** Reads one file of the folder. Its mistakes, and those of its fields, are in the reading. */
export async function readFactoryFile(dir: string, fileName: string): Promise<Reading> {
  const name = join(basename(dir), fileName);
  const source = await readYaml(await loadTextFile(join(dir, fileName), name), {
    interpolateAt: () => undefined,
    emptyIsMapping: (path) => path.length <= 2 || (path.length === 3 && path[2] === "fields"),
  });
  const showPlace = (path: Path) => {
    const { line, column } = source.lineAndColumn(mistakeAt(source, path, "key", "").offset);
    return `${name}:${line}:${column}`;
  };
  const reading: Reading = { name, source, mistakes: [...source.mistakes], showPlace, file: undefined };
  if (reading.mistakes.length === 0) reading.file = readShape(reading, source);
  return reading;
}

function readShape(reading: Reading, source: YamlSource): FactoryFile | undefined {
  const value = source.value ?? {};
  if (typeof value !== "object" || Array.isArray(value)) {
    reading.mistakes.push({ offset: 0, message: "must be a mapping of keys to values" });
    return undefined;
  }
  const shape = findShapeMistakes(factoryFileSchema, value, source);
  const result = v.safeParse(factoryFileSchema, value);
  reading.mistakes.push(...shape, ...describeIssues(result.issues ?? [], source, shape));
  if (result.success) return result.output;
  checkFields(reading, value);
  return undefined;
}

/** The fields of a file whose shape is wrong elsewhere: what is wrong with them is to be said at once, too. */
function checkFields(reading: Reading, value: object): void {
  const entities: unknown = Reflect.get(value, "entities");
  for (const [entity, written] of entriesOf(entities)) {
    const path = ["entities", entity, "fields"];
    const fields = entriesOf(new Map(entriesOf(written)).get("fields"));
    for (const [name, field] of fields) readField(reading, [...path, name], field);
  }
}

function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
}

/** Notes a mistake at a key. */
export function report({ source, mistakes }: Reading, path: Path, message: string): void {
  mistakes.push(mistakeAt(source, path, "key", message));
}

/** One error for the mistakes of all files, each at its line; undefined for none. */
export function describeMistakes(readings: readonly Reading[]): PgroveError | undefined {
  const lines = readings.flatMap(({ name, source, mistakes }) =>
    [...mistakes]
      .sort((a, b) => a.offset - b.offset)
      .map(({ offset, message }) => {
        const { line, column } = source.lineAndColumn(offset);
        return `${name}:${line}:${column}  ${message}`;
      }),
  );
  return mistakesError([...new Set(lines)]);
}

const CORRECT = "correct that, then: pgrove seed all --dry-run        shows what the factories would make";

/** One error for all lines; undefined for none. */
export function mistakesError(lines: readonly string[]): PgroveError | undefined {
  const [first] = lines;
  if (first === undefined) return undefined;
  if (lines.length === 1) return configError(first, CORRECT);
  const shown = lines.slice(0, MOST_SHOWN).map((line) => `  ${line}`);
  return configError([`the factories have ${lines.length} mistakes`, ...shown].join("\n"), CORRECT);
}
