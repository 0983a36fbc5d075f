import { hostname } from "node:os";
import type { MigrateTools } from "../tools.ts";
import type { RunFacts } from "./ledger-sql.ts";

/** Who migrates, and from which commit of the files in `root`: for the ledger. */
export async function readRunFacts(
  { targetPlace: { environment }, runner }: Pick<MigrateTools, "targetPlace" | "runner">,
  root: string,
): Promise<RunFacts> {
  const { findRepository, readHead } = await import("../../repo/git.ts");
  const repository = await findRepository(root, runner);
  const commit = repository === undefined ? undefined : (await readHead(repository, runner)).commit;
  const user = environment.USER || environment.LOGNAME || `uid ${process.getuid?.() ?? "unknown"}`;
  return { by: `${user}@${hostname()}`, gitCommit: commit ?? null };
}
