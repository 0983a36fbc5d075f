/** Replaced and saved states that stay: databases with a name and a mark of their own. */
import { connectForAdmin, databaseSizeBytes, dropDatabase } from "../postgres/admin.ts";
import { requireClaim } from "../postgres/claims.ts";
import type { Sql } from "../postgres/toolbox.ts";
import type { Work } from "../work/work.ts";
import { findStanding, requireStanding, type Standing } from "./standing.ts";
import {
  findPrevious,
  isPreviousMark,
  markPreviousStatement,
  previousName,
  previousNames,
  type Swap,
  swapDatabases,
} from "./swap.ts";
import type { Keeping, KeptState, Loss, SwapRequest, Unit } from "./unit.ts";

/** How a restore or copy keeps the database that it replaces. */
export function keepForRestore(database: string): Keeping {
  const name = previousName(database);
  return { name, statements: [markPreviousStatement(name)], findOlder: (sql) => findPrevious(sql, database) };
}

/** What a restore or copy of before has kept of a database; undefined when there is nothing. */
export async function findKept(sql: Sql, database: string): Promise<KeptState | undefined> {
  for (const name of previousNames(database)) {
    const standing = await findStanding(sql, name);
    if (standing === undefined || !isPreviousMark(standing.mark)) continue;
    return { database: name, sizeBytes: await databaseSizeBytes(sql, name), standing };
  }
  return undefined;
}

/** What is lost when what is replaced is discarded at once: not what was kept before. */
export function lossOf(loss: Loss, { discardPrevious }: Pick<SwapRequest, "discardPrevious">): Loss {
  const { older: _, ...rest } = loss;
  return discardPrevious ? { ...rest, kept: false } : loss;
}

/** Drops a kept or saved state. Throws (exit 5) when another one has its name than was agreed to. */
export async function dropKept(sql: Sql, { database, standing }: Omit<KeptState, "sizeBytes">): Promise<void> {
  await requireStanding(sql, { database, agreed: standing });
  await dropDatabase(sql, database);
}

/** Drops what is marked as a worktree's. Another one that has its name by now is not; what is gone is no matter. */
export async function dropOwned(sql: Sql, { database, standing }: Omit<KeptState, "sizeBytes">): Promise<void> {
  if ((await findStanding(sql, database)) !== undefined) await dropKept(sql, { database, standing });
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
