import { hostname } from "node:os";
import type { RunFacts } from "../../migrate/ledger/ledger-sql.ts";
import type { Context } from "../context.ts";
import type { MigrationPlace } from "./migrations.ts";

/** Who migrates, and from which commit of the files: for the ledger. */
export async function readRunFacts(context: Context, { root }: Pick<MigrationPlace, "root">): Promise<RunFacts> {
  const { environment, runner } = context;
  const { findRepository, readHead } = await import("../../repo/git.ts");
  const repository = await findRepository(root, runner);
  const commit = repository === undefined ? undefined : (await readHead(repository, runner)).commit;
  const user = environment.USER || environment.LOGNAME || `uid ${process.getuid?.() ?? "unknown"}`;
  return { by: `${user}@${hostname()}`, gitCommit: commit ?? null };
}
