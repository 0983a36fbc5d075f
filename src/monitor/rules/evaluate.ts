/** Whether a condition holds, by what was measured. */
import type { Comparison, Condition, Operator } from "../../config/condition.ts";
import { type Figure, type Figures, isFigure, type Measured, none } from "../figures/figure.ts";

/** That it holds or not, with the comparison that says so; or why that cannot be said. */
export type Verdict =
  | { state: "holds" | "not"; comparison: Comparison; figure: Figure }
  | { state: "none" | "unknown"; comparison: Comparison; why: string };

const COMPARE: Readonly<Record<Operator, (value: number, limit: number) => boolean>> = {
  ">": (value, limit) => value > limit,
  ">=": (value, limit) => value >= limit,
  "<": (value, limit) => value < limit,
  "<=": (value, limit) => value <= limit,
  "==": (value, limit) => value === limit,
  "!=": (value, limit) => value !== limit,
};

/**
 * Any part that holds makes it hold; else it is unknown where a part is, does not hold where a part was measured, and means nothing
 * where none could be.
 */
export function evaluate({ anyOf }: Condition, figures: Figures): Verdict {
  return firstOf(
    anyOf.map((all) => evaluateAll(all, figures)),
    ["holds", "unknown", "not", "none"],
  );
}

/** One that does not hold settles it, whatever the others are. The first comparison speaks for a part that holds. */
function evaluateAll(all: readonly Comparison[], figures: Figures): Verdict {
  return firstOf(
    all.map((each) => evaluateOne(each, figures)),
    ["not", "none", "unknown", "holds"],
  );
}

function evaluateOne(comparison: Comparison, figures: Figures): Verdict {
  const measured: Measured = figures.get(comparison.measure) ?? none("it was not measured");
  if (!isFigure(measured)) return { ...measured, comparison };
  const holds = COMPARE[comparison.operator](measured.value, comparison.limit);
  return { state: holds ? "holds" : "not", comparison, figure: measured };
}

function firstOf(verdicts: readonly Verdict[], order: readonly Verdict["state"][]): Verdict {
  const found = order.flatMap((state) => verdicts.filter((each) => each.state === state))[0];
  if (found === undefined) throw new Error("a condition has no parts");
  return found;
}
