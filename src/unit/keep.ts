/** Replaced and saved states that stay: databases with a name and a mark of their own. */
import { connectForAdmin } from "../postgres/admin.ts";
import { requireClaim } from "../postgres/claims.ts";
import type { Work } from "../work/work.ts";
import type { Standing } from "./standing.ts";
import { findPrevious, markPreviousStatement, previousName, type Swap, swapDatabases } from "./swap.ts";
import type { Keeping, Unit } from "./unit.ts";

/** How a restore or copy keeps the database that it replaces. */
export function keepForRestore(database: string): Keeping {
  const name = previousName(database);
  return { name, statements: [markPreviousStatement(name)], findOlder: (sql) => findPrevious(sql, database) };
}

/** How a saved state gets its name. */
export interface Naming extends Pick<Swap, "renames" | "statements"> {
  /** The name of the database that it is kept as. */
  name: string;
  /** The older one, which makes room; undefined when there is none. */
  older?: { database: string; agreed: Standing | undefined };
}

/** Gives finished databases their names, and a saved state its seal, in one transaction. */
export async function nameKept(
  work: Work,
  { label, place }: Pick<Unit, "label" | "place">,
  { name, renames, statements, older }: Naming,
): Promise<void> {
  const { control, operation, toolbox } = work;
  await requireClaim(control, label);
  const second = () => connectForAdmin(toolbox, operation.run, [place.database]);
  const occupied = renames.map(([from]) => from);
  const agreed = older === undefined ? [] : [older];
  if (older?.database !== name) agreed.push({ database: name, agreed: undefined });
  const swap = { renames, statements, occupied, agreed, run: operation.run };
  await work.interruptible(() => swapDatabases(control, second, swap));
}
