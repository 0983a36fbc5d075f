/** Environment variables that stand for a flag. Those that stand for a key of pgrove.yaml are read beside the key. */
import type { Environment } from "./load-config.ts";

/** Whether DB_DEBUG asks for what --verbose asks for: 1, true, yes or on. */
export function wantsDebug(environment: Environment): boolean {
  return /^(1|true|yes|on)$/i.test(environment.DB_DEBUG?.trim() ?? "");
}
