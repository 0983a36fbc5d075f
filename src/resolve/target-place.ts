import type { Environment } from "../config/env-vars.ts";
import type { LoadedConfig } from "../config/load-config.ts";
import type { Repository } from "../repo/git.ts";
import type { TrustItem } from "../repo/trust-items.ts";
import type { ServerTools } from "../server/server.ts";

/** Where a target is resolved from. What costs something is asked for only when it is needed. */
export interface TargetPlace {
  cwd: string;
  environment: Environment;
  /** What `--env-file` names. */
  envFile: string | undefined;
  config(): Promise<LoadedConfig | undefined>;
  repository(): Promise<Repository | undefined>;
  /** Where pgrove keeps what it remembers of the repository. */
  stateDir(): Promise<string>;
  serverTools(): Promise<ServerTools>;
  /** Resolves when what a repository would do is approved, before or now. Refuses (exit 5) else. */
  requireApproved(item: TrustItem): Promise<void>;
  /** What protects although this checkout's pgrove.yaml has taken that away; left out, nothing does. */
  keptProtection?(): Promise<KeptProtection | undefined>;
  /** For notes on the way, to people. */
  note(text: string): void;
}

/** Protection that a branch has taken away, and nobody has approved that. */
export interface KeptProtection {
  /** Configurations whose protected environments are protected. */
  configs: readonly LoadedConfig[];
  /** What people are told where one of them counts. */
  note: string;
}
