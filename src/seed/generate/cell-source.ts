/** What the parts of a cell ask of whoever makes all cells of a plan. */
import type { EntityPlan, JointPlan, SeedPlan, TypeShape } from "../entity.ts";
import type { Cell, CellSite, OfRow, PartCell } from "./site.ts";

export interface CellSource {
  plan: SeedPlan;
  cellOf(entity: EntityPlan, column: string): Cell;
  jointOf(entity: EntityPlan, joint: JointPlan): JointDigits;
  /** A generator inside another one. */
  partCell(written: unknown, part: string, type: TypeShape | undefined, whole: CellSite): PartCell;
}

/** What is chosen together for an entity's rows. */
export interface JointDigits {
  /** The units' names, in the order of the digits. */
  units: readonly string[];
  digits: OfRow<readonly number[]>;
}
