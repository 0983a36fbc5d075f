/** What the factory files say, as plain data: what planning begins with. */
import type { FanOut, FieldSpec } from "../entity.ts";

export interface FactoryField {
  spec: FieldSpec;
  /** The share of rows that are NULL, 0 to 1. */
  nullShare: number;
  /** Where it is written: "seeds/users.yaml:12:7". */
  source: string;
}

export interface Factory {
  entity: string;
  /** As it is written: with or without its schema. */
  table: string;
  aliases: readonly string[];
  /** Rows, or rows for each row of the parent; undefined where nothing is said. */
  count?: FanOut;
  /** The parent's entity. */
  per?: string;
  /** By the column's name. */
  fields: ReadonlyMap<string, FactoryField>;
  /** Columns, or groups of them, whose values may not repeat. */
  unique: readonly (readonly string[])[];
  source: string;
}

export interface Scenario {
  about?: string;
  /** Parameters and what they are when nothing is given. */
  params: ReadonlyMap<string, number>;
  /** Entities and how many rows of each: a number, or a parameter's name in braces. */
  counts: ReadonlyMap<string, number | string>;
  only?: readonly string[];
}

export interface Factories {
  /** In the order of the files. */
  entities: ReadonlyMap<string, Factory>;
  scenarios: ReadonlyMap<string, Scenario>;
  seed: number;
  now: Date;
  generatorVersion: number;
  /** The files' names, as errors show them. */
  files: readonly string[];
}

/** The entity that goes by that name or alias. */
export function findFactory(factories: Pick<Factories, "entities">, name: string): Factory | undefined {
  return factories.entities.get(name) ?? [...factories.entities.values()].find(({ aliases }) => aliases.includes(name));
}

/** Every name that an entity goes by. */
export function listNames({ entities }: Pick<Factories, "entities">): string[] {
  return [...entities.values()].flatMap(({ entity, aliases }) => [entity, ...aliases]);
}
