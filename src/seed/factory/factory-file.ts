/** Reads the factory files of a folder, whole: every mistake in any of them is reported at once, at its line. */
import { readdir } from "node:fs/promises";
import { type Path, placeKey, type YamlSource } from "../../config/yaml-source.ts";
import { configError, messageOf } from "../../errors.ts";
import { errorCode } from "../../sys/files.ts";
import type { Factories, Factory, FactoryField, Scenario } from "./factory.ts";
import { readFanOut, readField } from "./factory-fields.ts";
import { checkAliases, checkNames } from "./factory-names.ts";
import { describeMistakes, type Reading, readFactoryFile, report } from "./factory-reading.ts";
import type { FactoryFile } from "./factory-schema.ts";
import { readSettings } from "./factory-settings.ts";

/**
 * Loads seeds/*.yaml and *.yml. Where no file says `now`, relative times hang on the day of `today`. Throws one
 * configError (exit 3) with every mistake as `seeds/users.yaml:LINE:COL  message`. No folder means no factories.
 */
export async function loadFactories(dir: string, options: { today: Date }): Promise<Factories> {
  const readings = await Promise.all((await listFactoryFiles(dir)).map((name) => readFactoryFile(dir, name)));
  const entities = joinByName(readings, readEntities);
  const scenarios = joinByName(readings, readScenarios);
  checkAliases(readings, entities);
  checkNames(readings, entities);
  const settings = readSettings(readings, options.today);
  const error = describeMistakes(readings);
  if (error !== undefined) throw error;
  return { entities, scenarios, ...settings, files: readings.map(({ name }) => name) };
}

async function listFactoryFiles(dir: string): Promise<string[]> {
  try {
    const entries = await readdir(dir);
    return entries.filter((name) => /\.ya?ml$/.test(name)).sort();
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw configError(`the folder ${dir} cannot be read: ${messageOf(error)}`, "seeds.dir in pgrove.yaml names it");
  }
}

/** What all files say under a key, by name; a name that two of them have is a mistake of the second. */
function joinByName<Value>(
  readings: readonly Reading[],
  read: (reading: Reading) => { key: string; found: readonly (readonly [string, Value])[] },
): Map<string, Value> {
  const joined = new Map<string, Value>();
  for (const reading of readings) {
    const { key, found } = read(reading);
    for (const [name, value] of found) {
      if (joined.has(name)) report(reading, [key, name], `${name} is in another file, too`);
      joined.set(name, value);
    }
  }
  return joined;
}

function readEntities(reading: Reading) {
  const entities = Object.entries(reading.file?.entities ?? {});
  return {
    key: "entities",
    found: entities.map(([name, entity]) => [name, readEntity(reading, name, entity)] as const),
  };
}

function readEntity(reading: Reading, entity: string, written: FactoryFile["entities"][string]): Factory {
  const path = ["entities", entity];
  const fields = new Map<string, FactoryField>();
  for (const [name, value] of Object.entries(written.fields)) {
    const field = readField(reading, [...path, "fields", name], value);
    if (field !== undefined) fields.set(name, field);
  }
  for (const name of namesOfNulls(reading.source, [...path, "fields"], written.fields)) {
    const source = reading.showPlace([...path, "fields", name]);
    fields.set(name, { spec: { kind: "constant", value: null }, nullShare: 0, source });
  }
  const count = written.count === undefined ? undefined : readFanOut(reading, [...path, "count"], written.count);
  if (written.per === undefined && count !== undefined && count.kind !== "fixed") {
    report(reading, [...path, "count"], `${entity} is made per no other entity, so its count must be a whole number`);
  }
  const { table = entity, aliases, per, unique } = written;
  return {
    ...{ entity, table, aliases, fields, unique: unique.map((columns) => [columns].flat()) },
    ...(count === undefined ? {} : { count }),
    ...(per === undefined ? {} : { per }),
    source: reading.showPlace(path),
  };
}

/** Keys that stand there without a value: YAML's null, which readYaml leaves out. */
function namesOfNulls({ places }: YamlSource, path: Path, given: object): string[] {
  const prefix = `${placeKey(path)}\u0000`;
  return [...places.keys()]
    .filter((key) => key.startsWith(prefix) && !key.includes("\u0000", prefix.length))
    .map((key) => key.slice(prefix.length))
    .filter((name) => !Object.hasOwn(given, name));
}

function readScenarios(reading: Reading) {
  const scenarios = Object.entries(reading.file?.scenarios ?? {});
  return {
    key: "scenarios",
    found: scenarios.map(([name, written]) => {
      const params = new Map(Object.entries(written.params));
      for (const [entity, count] of Object.entries(written.counts)) {
        if (typeof count === "number" || params.has(count.slice(1, -1))) continue;
        const known = [...params.keys()].join(", ");
        report(reading, ["scenarios", name, "counts", entity], `${count} is no parameter (known: ${known || "none"})`);
      }
      const { about, only } = written;
      const scenario: Scenario = {
        ...{ params, counts: new Map(Object.entries(written.counts)) },
        ...(about === undefined ? {} : { about }),
        ...(only === undefined ? {} : { only }),
      };
      return [name, scenario] as const;
    }),
  };
}
