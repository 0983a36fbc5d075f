/** Whether another type for a column leaves its rows and indexes as they are, by the rules of ALTER TABLE … TYPE. */
import type { ColumnDef, TypeName } from "libpg-query";
import { findPart, nameOfType, partsOf } from "../../sql/nodes.ts";

/** Whether a value of the old type is stored as one of the new type is, and always is one: only the catalog is changed. */
export function onlyWidens(from: TypeName | undefined, column: ColumnDef | undefined): boolean {
  const to = column?.typeName;
  if (from === undefined || column === undefined || to === undefined) return false;
  if (hasBounds(from) || hasBounds(to) || isSortedAnew(column)) return false;
  if (column.raw_default !== undefined && !isCastOfItself(column, to)) return false;
  const [old, wanted] = [nameOfType(from), nameOfType(to)];
  const [oldSize, newSize] = [modifiersOf(from), modifiersOf(to)];
  if (TEXTS.has(old) && TEXTS.has(wanted))
    return newSize === undefined || (oldSize !== undefined && fits(oldSize, newSize));
  if (old === "cidr" && wanted === "inet") return true;
  if (old !== wanted) return false;
  if (newSize === undefined) return oldSize === undefined || old !== "bpchar";
  if (oldSize === undefined) return false;
  return old === "bpchar" || old === "bit" ? String(oldSize) === String(newSize) : fits(oldSize, newSize);
}

/** Another collation: its indexes are built anew. */
function isSortedAnew({ collClause }: ColumnDef): boolean {
  return collClause !== undefined && partsOf(collClause.collname, "String").at(-1)?.sval !== "default";
}

const TEXTS = new Set(["varchar", "text"]);

/** The new length, or precision, is no smaller, and the scale is the same. */
function fits([oldSize = 0, oldScale = 0]: readonly number[], [size = 0, scale = 0]: readonly number[]): boolean {
  return size >= oldSize && scale === oldScale;
}

function hasBounds({ arrayBounds }: TypeName): boolean {
  return (arrayBounds ?? []).length > 0;
}

/** varchar(20) → [20]; undefined without any. */
function modifiersOf({ typmods }: TypeName): readonly number[] | undefined {
  const modifiers = partsOf(typmods, "A_Const").map(({ ival }) => ival?.ival ?? 0);
  return modifiers.length === 0 ? undefined : modifiers;
}

/** `USING column` or `USING column::type`. */
function isCastOfItself({ raw_default }: ColumnDef, to: TypeName): boolean {
  const cast = findPart(raw_default, "TypeCast");
  if (findPart(cast?.arg ?? raw_default, "ColumnRef") === undefined) return false;
  return cast?.typeName === undefined || nameOfType(cast.typeName) === nameOfType(to);
}
