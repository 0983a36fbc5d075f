/** What a run leaves out: entities that cannot have rows, each with the reason. */
import type { TableShape } from "../entity.ts";

export interface LeftOut {
  entity: string;
  table: TableShape;
  why: string;
  /** What would help. */
  hint?: string;
}

/** One that is left out, for people. */
export function showLeftOut(left: LeftOut): string {
  const hint = left.hint === undefined ? "" : `\n${left.hint}`;
  return `left out ${describeLeftOut([left])}${hint}`;
}

/** Why entities cannot have rows. */
export function describeLeftOut(left: readonly Pick<LeftOut, "entity" | "why">[]): string {
  return left
    .map(({ entity, why }) =>
      /^(?:, |: )/.test(why.startsWith(entity) ? why.slice(entity.length) : "") ? why : `${entity}: ${why}`,
    )
    .join("\n");
}
