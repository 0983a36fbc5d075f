/** How many rows of each entity a run makes. */
import { refusal } from "../../errors.ts";
import type { FanOut } from "../entity.ts";
import type { Draft } from "../plan/plan-entities.ts";

export interface CountWish {
  /** By the entity's name: of a scenario. */
  counts: ReadonlyMap<string, number>;
  /** The one number for every entity that was asked for: `seed users 25`. */
  count?: number;
  /** What is made where nothing says how many. */
  defaultCount: number;
  /** The most that may be asked for of one entity. */
  maxCount?: number;
}

/** So many rows, or so many for each row of the parent. */
export type Volume = { rows: number } | { per: string; fanOut: FanOut };

/**
 * An entity is made per its parent where the parent is made in the same run; but a number that was asked for its own
 * sake is a number of rows (`seed ssh 15`, whoever they belong to). Throws (exit 5) when it is more than the most.
 */
export function chooseVolume(draft: Draft, run: readonly Draft[], wish: CountWish): Volume {
  const { factory, entity, chosen } = draft;
  const parent = findParent(draft, run);
  const counted = wish.counts.get(entity);
  const asked = chosen ? wish.count : undefined;
  if (parent !== undefined && (parent.chosen || asked === undefined)) {
    const fanOut: FanOut = counted === undefined ? (factory?.count ?? ONE_EACH) : { kind: "fixed", count: counted };
    requireWithin(mostOf(fanOut), entity, wish);
    return { per: parent.entity, fanOut };
  }
  const own = factory?.per === undefined && factory?.count?.kind === "fixed" ? factory.count.count : undefined;
  const rows = counted ?? asked ?? own ?? wish.defaultCount;
  requireWithin(rows, entity, wish);
  return { rows };
}

const ONE_EACH: FanOut = { kind: "fixed", count: 1 };

/** The entity of the run that the draft is made per. */
export function findParent<Each extends Draft>({ factory }: Draft, run: readonly Each[]): Each | undefined {
  const per = factory?.per;
  if (per === undefined) return undefined;
  return run.find((each) => each.factory !== undefined && (each.entity === per || each.factory.aliases.includes(per)));
}

function mostOf(fanOut: FanOut): number {
  if (fanOut.kind === "fixed") return fanOut.count;
  return fanOut.kind === "random" ? fanOut.max : Math.max(...fanOut.weights.keys());
}

function requireWithin(count: number, entity: string, { maxCount }: CountWish): void {
  if (maxCount === undefined || count <= maxCount) return;
  throw refusal(
    "too_many_rows",
    `${count} rows of ${entity} are more than the ${maxCount} that seeds.max_count (MAX_SEED_COUNT) allows`,
    "ask for fewer, or raise seeds.max_count in pgrove.yaml",
  );
}
