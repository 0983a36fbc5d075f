/** Replaced and saved states that stay: databases with a name and a mark of their own. */
import { connectForAdmin } from "../postgres/admin.ts";
import { requireClaim } from "../postgres/claims.ts";
import type { Work } from "../work/work.ts";
import { findPrevious, markPreviousStatement, previousName, swapDatabases } from "./swap.ts";
import type { Keeping, Unit } from "./unit.ts";

/** How a restore or copy keeps the database that it replaces. */
export function keepForRestore(database: string): Keeping {
  return {
    name: previousName(database),
    seal: (name) => [markPreviousStatement(name)],
    findOlder: (sql) => findPrevious(sql, database),
  };
}

/** Gives the run's finished database a name that stays, and its seal, in one transaction. */
export async function nameKept(
  work: Work,
  { label, place }: Pick<Unit, "label" | "place">,
  from: string,
  { name, seal }: { name: string; seal: Keeping["seal"] },
): Promise<void> {
  const { control, operation, toolbox } = work;
  await requireClaim(control, label);
  const second = () => connectForAdmin(toolbox, operation.run, [place.database]);
  const swap = {
    ...{ renames: [[from, name]] as const, statements: seal(name), occupied: [from] },
    ...{ agreed: [{ database: name, agreed: undefined }], run: operation.run },
  };
  await work.interruptible(() => swapDatabases(control, second, swap));
}
