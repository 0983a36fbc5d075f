/** What a push would bring of migrations, checked before it. */
import { checkFiles } from "../migrate/check.ts";
import { isInFolders, showFolders } from "../migrate/files/folder.ts";
import type { Finding } from "../migrate/migration.ts";
import { locateMigrations } from "../migrate/worktree-migrations.ts";
import type { RootPlace } from "../resolve/rooted-target.ts";
import { listPushedFiles } from "./hook-push.ts";

/** What a pre-push hook is given by git, in the worktree that is pushed. */
export interface Push {
  remote: string;
  input: string;
  root: string;
}

/** What is wrong with the migrations of the worktree; nothing when the push brings none. */
export async function checkPush(
  place: Pick<RootPlace, "config" | "folder" | "runner">,
  push: Push,
): Promise<Finding[]> {
  const { runner } = place;
  const pushed = await listPushedFiles(push, runner);
  if (!pushed.some((path) => path.endsWith(".sql"))) return [];
  const { source, settings, files } = await locateMigrations(place);
  const folders = showFolders(source.dirs, push.root);
  if (!pushed.some((path) => isInFolders(folders, path))) return [];
  return (await checkFiles({ files: await files(), lint: settings.lint }, runner)).findings;
}
