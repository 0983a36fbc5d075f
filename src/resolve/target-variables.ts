import type { LoadedConfig } from "../config/load-config.ts";
import type { Head } from "../repo/git.ts";
import { type Rendered, renderVariables, wholeSet } from "./env-lines.ts";
import type { Whereabouts } from "./reach.ts";
import type { Target } from "./target.ts";

/** What the variables are made of. */
export interface VariablesPlace {
  config(): Promise<LoadedConfig | undefined>;
  /** The commit and branch of the worktree that one stands in. */
  git(): Promise<Head | undefined>;
}

/** What an env file is given for a target that is reached this way. Git is asked for the branch only where it counts. */
export async function targetVariables(place: VariablesPlace, target: Target, known: Whereabouts): Promise<Rendered> {
  const loaded = await place.config();
  const asksForBranch = Object.values(loaded === undefined ? {} : wholeSet(loaded)).some((text) =>
    text.includes("{branch}"),
  );
  const branch = target.worktree?.branch ?? (asksForBranch ? (await place.git())?.branch : undefined);
  return renderVariables(known, { target, branch }, loaded);
}
