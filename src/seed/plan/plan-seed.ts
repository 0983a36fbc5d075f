/** The plan of a run, without the entities that cannot have rows where all are meant and nobody wants it strict. */

import { configError, type PgroveError } from "../../errors.ts";
import { plural } from "../../sys/amounts.ts";
import { type SeedPlan, tableKey } from "../entity.ts";
import type { Factories } from "../factory/factory.ts";
import { findLacks, type Lack, lackError } from "../generate/spaces.ts";
import { narrowReferences } from "./narrow-references.ts";
import { type Tables, tablesNamed } from "./plan-entities.ts";
import type { ExistingRows } from "./plan-keys.ts";
import { describeLeftOut, type LeftOut } from "./plan-left.ts";
import { planOnce, type SeedWish } from "./plan-rows.ts";

export interface RunPlan extends SeedPlan {
  /** What has no rows in this run, and why. */
  leftOut: readonly LeftOut[];
}

export interface RunWish extends Omit<SeedWish, "left"> {
  /** Leave out what cannot have rows, and make fewer where there are no more values, instead of failing. */
  lenient?: boolean;
  /** Entities and tables that get no rows, by name. */
  except?: readonly string[];
  /** What is left out from the beginning. */
  leave?: readonly LeftOut[];
}

/**
 * Plans a run. Throws a usageError for names that are not there, a configError with everything that the files have wrong
 * or, where nothing may be left out, with why rows cannot be made, and a refusal above the most rows. `note` is told of
 * parents that are made without having been asked for, and of entities that get fewer rows.
 */
export async function planSeed(
  factories: Factories,
  tables: Tables,
  { lenient = false, leave = [], except = [], ...wish }: RunWish,
  existing: ExistingRows,
  note: (text: string) => void,
): Promise<RunPlan> {
  const leftOut = new Map(leave.map((each) => [tableKey(each.table), each]));
  const excepted = [...tablesNamed(except, factories, tables)].map(tableKey);
  const most = new Map(wish.most);
  const fewer = new Map<string, string>();
  for (;;) {
    const restricted = { ...wish, left: new Set([...excepted, ...leftOut.keys()]), most };
    const planned = await planOnce(factories, tables, restricted, existing);
    const { chosen, notes } = planned;
    const narrowed = planned.unable.length > 0 ? planned : await narrowReferences(planned.plan);
    const { plan, unable } = narrowed;
    if (unable.length > 0 && !lenient) throw unableError(unable);
    for (const each of unable) leftOut.set(tableKey(each.table), each);
    if (unable.length > 0) continue;
    const lacks = findLacks(plan).filter(
      ({ entity, per }) => per === undefined && (lenient || !chosen.has(entity.entity)),
    );
    if (lacks.length === 0) {
      for (const text of [...notes, ...fewer.values()]) note(text);
      return { ...plan, leftOut: [...leftOut.values()] };
    }
    for (const lack of lacks) {
      const { entity, rows } = lack;
      if (rows > 0) {
        most.set(entity.entity, rows);
        fewer.set(entity.entity, `${entity.entity}: ${plural(rows, "row")} and no more: ${describeSpace(lack)}`);
      } else if (chosen.has(entity.entity) && lenient) {
        leftOut.set(tableKey(entity.table), { ...entity, why: `no more rows: ${describeSpace(lack)}` });
      } else throw lackError([lack]);
    }
  }
}

function describeSpace({ names, space }: Lack): string {
  const values = space === 1 ? "there is 1 value" : `there are ${space} values`;
  return `${values} for ${names}, which may not repeat`;
}

function unableError(unable: readonly LeftOut[]): PgroveError {
  const [{ hint } = { hint: undefined }] = unable;
  return configError(describeLeftOut(unable), hint ?? "pgrove seed all --except TABLE        seeds the others");
}
