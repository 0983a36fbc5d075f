/** How much is lost: counted in the database, or estimated where counting would take long. */
import { codeOf } from "../../postgres/connect.ts";
import { quoteIdentifier } from "../../postgres/identifier.ts";
import type { Queries } from "../../postgres/schema.ts";
import type { Catalog, CatalogTable } from "./impact-catalog.ts";
import type { LossPlan } from "./impact-effect.ts";
import type { Loss } from "./impact-model.ts";

const INSUFFICIENT_PRIVILEGE = "42501";

/** Up to here what is lost is counted: about two seconds of reading. */
const MOST_COUNTED_BYTES = 2e9;

/** The losses, in their order; those of tables that do not exist are left out. One round trip. */
export async function countLosses(
  sql: Queries,
  plans: readonly LossPlan[],
  catalog: Catalog,
): Promise<(Loss | undefined)[]> {
  const losses = plans.map((plan) => estimateLoss(plan, catalog));
  const counted = plans.flatMap((plan, index) => {
    if (plan.kind === "other" || plan.kind === "some" || losses[index] === undefined) return [];
    const table = catalog.findTable(plan.table);
    if (table === undefined || table.sizeBytes > MOST_COUNTED_BYTES) return [];
    return [{ index, query: countQuery(plan, table) }];
  });
  if (counted.length === 0) return losses;
  const parts = counted.map(({ query }) => query).join(", ");
  const counts = await countAll(sql, parts);
  counted.forEach(({ index }, place) => {
    const [loss, count] = [losses[index], counts[place]];
    if (loss !== undefined && count !== undefined) losses[index] = { ...loss, count, exact: true };
  });
  return losses;
}

/** The counts; none where the role may change a table and not read it: then the estimates stay. */
async function countAll(sql: Queries, parts: string): Promise<readonly number[]> {
  try {
    const [row] = await sql.unsafe<{ counts: number[] }[]>(`select json_build_array(${parts}) as counts`);
    return row?.counts ?? [];
  } catch (error) {
    if (codeOf(error) === INSUFFICIENT_PRIVILEGE) return [];
    throw error;
  }
}

function countQuery(plan: Extract<LossPlan, { kind: "column" | "rows" }>, { name }: CatalogTable): string {
  const what = plan.kind === "column" ? quoteIdentifier(plan.column) : "*";
  return `(select count(${what}) from ${name})`;
}

function estimateLoss(plan: LossPlan, catalog: Catalog): Loss | undefined {
  const { verb } = plan;
  if (plan.kind === "other") return { verb, what: plan.what, count: undefined, unit: "rows", exact: false };
  const table = catalog.findTable(plan.table);
  if (table === undefined) return undefined;
  if (plan.kind === "some") {
    const what = `the rows of ${plan.table} that its WHERE means`;
    return { verb, what, count: undefined, unit: "rows", exact: false };
  }
  if (plan.kind === "rows") {
    return { verb, what: `table ${plan.table}`, count: Math.round(table.rows), unit: "rows", exact: false };
  }
  const column = table.columns.find(({ name }) => name === plan.column);
  if (column === undefined) return undefined;
  const count = Math.round(table.rows * (1 - (column.nullFraction ?? 0)));
  return { verb, what: `column ${plan.table}.${plan.column}`, count, unit: "values", exact: false };
}
