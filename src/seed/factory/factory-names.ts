/** Names in the factory files that must be there, or must not be there twice. */
import { didYouMean } from "../../config/suggest.ts";
import type { Path } from "../../config/yaml-source.ts";
import { type Factory, listNames } from "./factory.ts";
import { type Reading, report } from "./factory-reading.ts";

/** Aliases that are another entity's name or alias. */
export function checkAliases(readings: readonly Reading[], entities: ReadonlyMap<string, Factory>): void {
  const taken = new Set(entities.keys());
  for (const reading of readings) {
    for (const [entity, { aliases }] of Object.entries(reading.file?.entities ?? {})) {
      aliases.forEach((alias, at) => {
        if (taken.has(alias)) report(reading, ["entities", entity, "aliases", at], `${alias} is another entity's name`);
        taken.add(alias);
      });
    }
  }
}

/** Entities that are named elsewhere in the files must be there. (References may lead to tables without a factory.) */
export function checkNames(readings: readonly Reading[], entities: ReadonlyMap<string, Factory>): void {
  const names = listNames({ entities });
  const requireName = (reading: Reading, path: Path, name: string) => {
    if (names.includes(name)) return;
    const meant = didYouMean(name, names);
    const help = meant === undefined ? ` (known: ${names.join(", ")})` : `; did you mean ${JSON.stringify(meant)}?`;
    report(reading, path, `there is no entity ${JSON.stringify(name)}${help}`);
  };
  for (const reading of readings) {
    for (const [name, { per, aliases }] of Object.entries(reading.file?.entities ?? {})) {
      if (per === undefined) continue;
      const path = ["entities", name, "per"];
      if (per === name || aliases.includes(per)) report(reading, path, `${name} cannot be made per itself`);
      else requireName(reading, path, per);
    }
    for (const [name, { counts, only }] of Object.entries(reading.file?.scenarios ?? {})) {
      const path = ["scenarios", name];
      for (const entity of Object.keys(counts)) requireName(reading, [...path, "counts", entity], entity);
      for (const [at, entity] of (only ?? []).entries()) requireName(reading, [...path, "only", at], entity);
    }
  }
}
