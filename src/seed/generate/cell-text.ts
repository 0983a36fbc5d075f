import { createSink, decodeCopyText } from "./copy-text.ts";
import type { Cell, OfRow } from "./site.ts";

/** A cell's values as text, NULL as null. */
export function cellText(cell: Cell): OfRow<string | null> {
  const scratch = createSink(256);
  return (row) => {
    scratch.length = 0;
    cell.write(row, scratch);
    return decodeCopyText(scratch.bytes.subarray(0, scratch.length));
  };
}
