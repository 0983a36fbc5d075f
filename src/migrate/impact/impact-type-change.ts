/** What another type does to a column's values, by the rules of ALTER TABLE … TYPE. */
import type { ColumnDef, TypeName } from "libpg-query";
import { findPart, nameOfType, partsOf } from "../../sql/nodes.ts";
import type { Catalog, CatalogColumn } from "./impact-catalog.ts";
import type { Work } from "./impact-model.ts";

export interface TypeChange {
  work: Work;
  /** Values may come out different: shorter, rounded, or computed by USING. */
  narrows: boolean;
}

/** What the change does; a column that is not known is taken to be rewritten. */
export function judgeTypeChange(from: CatalogColumn | undefined, to: ColumnDef, catalog: Catalog): TypeChange {
  const target = nameOfType(to.typeName);
  const computed = to.raw_default !== undefined && !isCastOfItself(to);
  if (from === undefined || computed) return { work: "rewrite", narrows: computed };
  if (!catalog.isStoredAlike(from.type, target)) {
    return { work: "rewrite", narrows: LOSSY.some(([one, other]) => one.test(from.type) && other.test(target)) };
  }
  const fits = fitsModifiers(from, modifiersOf(to.typeName));
  if (!fits || catalog.isConstrainedDomain(target)) return { work: "rewrite", narrows: !fits };
  return { work: from.checked ? "scan" : "none", narrows: false };
}

/** `USING column` or `USING column::type`. */
function isCastOfItself({ raw_default }: ColumnDef): boolean {
  return findPart(findPart(raw_default, "TypeCast")?.arg ?? raw_default, "ColumnRef") !== undefined;
}

/** Changes that PostgreSQL does without a word, though values lose something: fractions, time, digits. */
const LOSSY: readonly (readonly [RegExp, RegExp])[] = [
  [/^(numeric|float[48])$/, /^int[248]$/],
  [/^numeric$/, /^float[48]$/],
  [/^float8$/, /^float4$/],
  [/^timestamp(tz)?$/, /^(date|time|timetz)$/],
  [/^timestamptz$/, /^timestamp$/],
  [/^bpchar$/, /^(text|varchar)$/],
  [/^json$/, /^jsonb$/],
];

/** varchar(20) → [20]; undefined without any. */
function modifiersOf(type: TypeName | undefined): readonly number[] | undefined {
  const modifiers = partsOf(type?.typmods, "A_Const").map(({ ival }) => ival?.ival ?? 0);
  return modifiers.length === 0 ? undefined : modifiers;
}

/** Whether all values fit the new length, or precision and scale, so that none has to be looked at. */
function fitsModifiers({ type, written }: CatalogColumn, wanted: readonly number[] | undefined): boolean {
  const had = /\(([\d, ]+)\)/.exec(written)?.[1]?.split(",").map(Number);
  if (wanted === undefined) return type !== "bpchar" || had === undefined;
  if (had === undefined) return false;
  const [size = 0, scale = 0] = wanted;
  const [oldSize = 0, oldScale = 0] = had;
  if (type === "bpchar" || type === "bit") return size === oldSize;
  return size >= oldSize && scale === oldScale;
}
