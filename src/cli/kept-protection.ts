/** What the default branch protects, and this worktree's branch does not. */
import type { Config } from "../config/config-schema.ts";
import { keepProtected, listLoosened, listUnprotected } from "../repo/loosened.ts";
import type { KeptProtection } from "../resolve/target-place.ts";
import { listUnapproved, type TrustScene } from "./trust-collect.ts";
import { readDefault } from "./trust-loosened.ts";

/**
 * What stays protected as long as nobody has approved that it is not: the environments that are not protected any more, and
 * the databases that they were. Undefined where the branch takes nothing away.
 */
export async function findKeptProtection(place: TrustScene): Promise<KeptProtection | undefined> {
  const loaded = await place.config();
  const before = loaded && (await readDefault(place, loaded));
  if (loaded === undefined || before === undefined) return undefined;
  const names = listUnprotected(before, loaded.config);
  const items = listLoosened(before, loaded.config).filter(({ key }) => key === "environments.protected");
  if (names.length === 0 || (await listUnapproved(place, items)).length === 0) return undefined;
  const withConfig = (config: Config) => ({ ...loaded, config });
  return {
    configs: [withConfig(keepProtected(loaded.config, before, names)), withConfig(before)],
    note: `note: the default branch protects ${names.join(", ")}: so it stays until \`pgrove trust\` approves the change`,
  };
}
