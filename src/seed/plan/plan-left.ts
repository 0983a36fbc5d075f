/** What a run leaves out: entities that cannot have rows, each with the reason. */
import { plural } from "../../sys/amounts.ts";
import type { TableShape } from "../entity.ts";

export interface LeftOut {
  entity: string;
  table: TableShape;
  why: string;
  /** What would help. */
  hint?: string;
  /** The most rows that it can have; left out, none. */
  most?: number;
}

/** One that is left out, or has fewer rows, for people. */
export function showLeftOut(left: LeftOut): string {
  const hint = left.hint === undefined ? "" : `\n${left.hint}`;
  if (left.most === undefined) return `left out ${describeLeftOut([left])}${hint}`;
  const isNamed = left.why.startsWith(left.entity);
  const why = isNamed ? left.why.slice(left.entity.length).replace(/^(?:, |: )/, "") : left.why;
  return `${left.entity}: ${plural(left.most, "row")} and no more: ${why}${hint}`;
}

/** Why entities cannot have rows. */
export function describeLeftOut(left: readonly Pick<LeftOut, "entity" | "why">[]): string {
  return left
    .map(({ entity, why }) =>
      /^(?:, |: )/.test(why.startsWith(entity) ? why.slice(entity.length) : "") ? why : `${entity}: ${why}`,
    )
    .join("\n");
}
