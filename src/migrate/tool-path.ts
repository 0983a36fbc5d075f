/** Where the programs of a worktree's own tools lie: a command of pgrove.yaml finds them as in the tool's own shell. */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Python's, Node's and Composer's, from the project's folder. */
const FOLDERS = [".venv/bin", "venv/bin", "node_modules/.bin", "vendor/bin"];

/** `cd backend && alembic …` */
const ENTERS = /^\s*cd\s+(?:'([^']*)'|"([^"$`\\]*)"|([^\s'"$`\\;&|]+))\s*(?:&&|;)/;

/** The search path with those that are there before the others; of the folder that the command enters, too. */
export function toolPath(command: string, root: string, path: string | undefined): string {
  const [, single, double, plain] = ENTERS.exec(command) ?? [];
  const entered = single ?? double ?? plain;
  const projects = [...(entered === undefined ? [] : [join(root, entered)]), root];
  const own = projects.flatMap((project) => FOLDERS.map((folder) => join(project, folder))).filter(existsSync);
  return [...own, ...(path === undefined || path === "" ? [] : [path])].join(delimiter);
}
