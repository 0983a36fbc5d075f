/** The template of an env file as a worktree's own branch has it: that may be another one than was approved. */
import { relative } from "node:path";
import { variablesOfTemplate } from "../config/env-template.ts";
import { type LoadedConfig, pathInWorktree } from "../config/load-config.ts";
import { loadTextFile } from "../config/text-file.ts";
import { refusal } from "../errors.ts";
import { isActing } from "../repo/acting-variables.ts";
import { isInside, pathExists } from "../sys/files.ts";
import { quoteWord } from "../sys/shell-word.ts";

/**
 * Its text; that of `template`, which pgrove.yaml names, where the branch has none. Throws (exit 5, not_trusted) where the
 * branch's leads out of the worktree, or sets what changes what programs do and the other one does not set so.
 */
export async function readBranchTemplate(
  loaded: Pick<LoadedConfig, "root">,
  template: string,
  root: string,
): Promise<string> {
  const own = pathInWorktree(loaded, template, root);
  if (own === template || !(await pathExists(own))) return await loadTextFile(template, "the template");
  const shown = relative(root, own);
  const refuse = (what: string) =>
    refusal("not_trusted", `${shown} of this branch ${what}`, `cd ${quoteWord(root)} && pgrove provision`);
  if (!(await isInside(root, own))) throw refuse("is a link that leads out of the worktree");
  const text = await loadTextFile(own, "the template");
  const approved = (await pathExists(template))
    ? variablesOfTemplate(await loadTextFile(template, "the template"))
    : {};
  const other = Object.entries(variablesOfTemplate(text)).find(
    ([name, value]) => isActing(name) && approved[name] !== value,
  );
  if (other !== undefined) throw refuse(`sets ${other[0]}, which was not approved`);
  return text;
}
