import type { LoadedConfig } from "../config/load-config.ts";
import type { Head } from "../repo/git.ts";
import type { DumpRequest } from "./dump.ts";

/** What a dump's manifest says of where it was made: the project, and the commit that was checked out. */
export async function readOrigin(place: {
  config(): Promise<LoadedConfig | undefined>;
  git(): Promise<Head | undefined>;
}): Promise<Pick<DumpRequest, "project" | "git">> {
  const [loaded, head] = await Promise.all([place.config(), place.git()]);
  return {
    project: loaded?.config.project ?? "default",
    git: head?.commit === undefined ? null : { commit: head.commit, branch: head.branch ?? null },
  };
}
