/** How many rows hang on each row of a parent, and which of them a row is: all computed from the parent's row. */
import type { FanOut } from "../entity.ts";
import { drawWeighted } from "./distribution.ts";
import { drawBelow, hashText, mixKeys } from "./mix.ts";
import type { OfRow } from "./site.ts";

interface Rows {
  firstRow: number;
  rows: number;
}

/** How many rows of the entity a row of its parent has. */
function countOfParent(seed: number, entity: string, fanOut: FanOut): OfRow<number> {
  const key = mixKeys(seed, hashText(`${entity} per parent`));
  if (fanOut.kind === "fixed") return () => fanOut.count;
  if (fanOut.kind === "random") return (row) => fanOut.min + drawBelow(key, row, fanOut.max - fanOut.min + 1);
  const counts = [...fanOut.weights.keys()];
  const choose = drawWeighted(key, [...fanOut.weights.values()]);
  return (row) => counts[choose(row)] ?? 0;
}

/** How many rows an entity has that is made per these rows of its parent. */
export function countChildren(seed: number, entity: string, fanOut: FanOut, parent: Rows): number {
  if (fanOut.kind === "fixed") return fanOut.count * parent.rows;
  const count = countOfParent(seed, entity, fanOut);
  let total = 0;
  for (let row = parent.firstRow; row < parent.firstRow + parent.rows; row++) total += count(row);
  return total;
}

/** A row's place below its parent. */
export interface ParentPlace {
  parentOf: OfRow<number>;
  /** The row's number among its parent's, from 0. */
  siblingOf: OfRow<number>;
}

/** A place is kept for one parent in so many: from there it is counted on. */
const PARENTS_PER_MARK = 256;

/** Finds the parent of each row, in constant time for neighbours and in logarithmic time for a jump. */
export function locateChildren(
  seed: number,
  entity: string,
  fanOut: FanOut,
  children: Rows,
  parent: Rows,
): ParentPlace {
  if (fanOut.kind === "fixed") {
    return {
      parentOf: (row) => parent.firstRow + Math.floor((row - children.firstRow) / fanOut.count),
      siblingOf: (row) => (row - children.firstRow) % fanOut.count,
    };
  }
  const count = countOfParent(seed, entity, fanOut);
  const marks = markParents(count, parent);
  let current = 0;
  let start = 0;
  let end = 0;
  const moveTo = (row: number) => {
    const wanted = row - children.firstRow;
    if (wanted >= start && wanted < end) return;
    if (wanted < start || wanted > end + PARENTS_PER_MARK) {
      const mark = findMark(marks, wanted);
      current = mark * PARENTS_PER_MARK - 1;
      end = marks[mark] ?? 0;
    } else if (end === 0) current = -1;
    while (wanted >= end && current < parent.rows) {
      current++;
      start = end;
      end += count(parent.firstRow + current);
    }
  };
  return {
    parentOf(row) {
      moveTo(row);
      return parent.firstRow + current;
    },
    siblingOf(row) {
      moveTo(row);
      return row - children.firstRow - start;
    },
  };
}

/** How many children come before every 256th parent. */
function markParents(count: OfRow<number>, parent: Rows): Float64Array {
  const marks = new Float64Array(Math.ceil(parent.rows / PARENTS_PER_MARK) + 1);
  let total = 0;
  for (let index = 0; index < parent.rows; index++) {
    if (index % PARENTS_PER_MARK === 0) marks[index / PARENTS_PER_MARK] = total;
    total += count(parent.firstRow + index);
  }
  marks[marks.length - 1] = total;
  return marks;
}

/** The last mark that is not behind the wanted child. */
function findMark(marks: Float64Array, wanted: number): number {
  let low = 0;
  let high = marks.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((marks[middle] ?? 0) <= wanted) low = middle;
    else high = middle - 1;
  }
  return low;
}
