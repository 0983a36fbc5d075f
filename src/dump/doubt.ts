/** What is to be agreed to of a dump before its SQL is run. */
import type { ElevatedStatement } from "../archive/elevated.ts";
import type { LiveTarget } from "../resolve/target.ts";
import type { Work } from "../work/work.ts";
import { isSigned } from "./authorship.ts";
import type { DoubtfulDump } from "./foreign.ts";
import type { StoredDump } from "./store.ts";

/** What is to be agreed to of a dump; undefined for one of the user's own of which the login makes all. */
export async function findDoubt(
  { control, tools }: Work,
  dump: StoredDump,
  { toolbox }: LiveTarget,
  statements: readonly ElevatedStatement[],
): Promise<DoubtfulDump | undefined> {
  const isForeign = !(await isSigned(dump.manifest, tools));
  const elevated = [...new Set(statements.map(({ object }) => object))];
  if (!isForeign && elevated.length === 0) return undefined;
  const [role] = await control<{ rolsuper: boolean }[]>`select rolsuper from pg_roles where rolname = ${toolbox.user}`;
  return { dump, isForeign, elevated, login: toolbox.user, isSuperuser: role?.rolsuper ?? false };
}
