/** A scenario and its parameters, made into the counts that a run is asked for. */
import { didYouMean } from "../../config/suggest.ts";
import { usageError } from "../../errors.ts";
import { type Factories, findFactory, type Scenario } from "./factory.ts";

export interface ChosenScenario {
  name: string;
  /** As they were typed. */
  params: ReadonlyMap<string, string>;
}

export interface ScenarioCounts {
  /** Rows, or rows for each row of the parent, by the entity's name. */
  counts: ReadonlyMap<string, number>;
  /** The entities that it makes; undefined for all. */
  only: readonly string[] | undefined;
}

/** Throws a usageError (exit 2) when there is no such scenario or parameter, or a value is no whole number. */
export function readScenario(factories: Factories, { name, params }: ChosenScenario): ScenarioCounts {
  const scenario = requireScenario(factories, name);
  const values = new Map(scenario.params);
  for (const [param, text] of params) {
    if (!values.has(param)) throw unknownName("parameter", param, [...values.keys()], `of the scenario ${name}`);
    if (!/^\d{1,9}$/.test(text))
      throw usageError(`--param ${param}=${text}: the value must be a whole number`, `--param ${param}=50`);
    values.set(param, Number(text));
  }
  const counts = [...scenario.counts].map(([entity, count]) => {
    const rows = typeof count === "number" ? count : (values.get(count.slice(1, -1)) ?? 0);
    return [findFactory(factories, entity)?.entity ?? entity, rows] as const;
  });
  return { counts: new Map(counts), only: scenario.only };
}

function requireScenario({ scenarios, files }: Factories, name: string): Scenario {
  const scenario = scenarios.get(name);
  if (scenario !== undefined) return scenario;
  throw unknownName("scenario", name, [...scenarios.keys()], `in ${files.join(", ") || "the seeds' folder"}`);
}

function unknownName(what: string, name: string, known: readonly string[], where: string): Error {
  const meant = didYouMean(name, known);
  const hint =
    meant === undefined ? `known: ${known.join(", ") || "none"}` : `did you mean ${meant}? known: ${known.join(", ")}`;
  return usageError(`there is no ${what} ${JSON.stringify(name)} ${where}`, hint);
}
