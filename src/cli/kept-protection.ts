/** Environments that the default branch protects, and this worktree's branch does not. */
import type { LoadedConfig } from "../config/load-config.ts";
import { keepProtected, listLoosened, listUnprotected } from "../repo/loosened.ts";
import { listUnapproved, type TrustScene } from "./trust-collect.ts";
import { readDefault } from "./trust-loosened.ts";

/**
 * The configuration in which what the default branch protects is protected, as long as nobody has approved that it is not;
 * undefined where that is the configuration itself.
 */
export async function keepProtection(
  place: TrustScene,
): Promise<{ loaded: LoadedConfig; names: string[] } | undefined> {
  const loaded = await place.config();
  const before = loaded && (await readDefault(place, loaded));
  if (loaded === undefined || before === undefined) return undefined;
  const names = listUnprotected(before, loaded.config);
  const items = listLoosened(before, loaded.config).filter(({ key }) => key === "environments.protected");
  if (names.length === 0 || (await listUnapproved(place, items)).length === 0) return undefined;
  return { loaded: { ...loaded, config: keepProtected(loaded.config, before, names) }, names };
}
