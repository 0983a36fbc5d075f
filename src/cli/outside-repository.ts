/** Files of secrets: they do not lie in the repository. */
import { resolve } from "node:path";
import { configError } from "../errors.ts";
import { expandHome, isInside } from "../sys/files.ts";
import type { TrustContext } from "./trust.ts";
import { ownFolders } from "./trust-collect.ts";

/** The file that a key of pgrove.yaml names. Throws (exit 3) for one in the repository, where whoever may read or write that could use it. */
export async function findOutside(context: TrustContext, key: string, written: string): Promise<string> {
  const { dir } = await context.requireConfig();
  const file = resolve(dir, expandHome(written, context.home));
  if (!(await isInRepository(context, file))) return file;
  throw configError(
    `${key} lies in the repository, where it is no secret: ${file}`,
    "keep it elsewhere, and hand it on by other ways: ~/.config/pgrove/team.key",
  );
}

export async function isInRepository(context: TrustContext, path: string): Promise<boolean> {
  const inside = await Promise.all((await ownFolders(context)).map((each) => isInside(each, path)));
  return inside.includes(true);
}
