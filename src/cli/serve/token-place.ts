import { usageError } from "../../errors.ts";
import { type TokenPlace, tokenFile } from "../../serve/access-tokens.ts";
import type { Context } from "../context.ts";

/** Where the tokens of this repository are. Throws (exit 2) outside of one. */
export async function tokenPlace(context: Context): Promise<TokenPlace> {
  const repository = await context.repository();
  if (repository === undefined) {
    throw usageError(`there is no git repository in ${await context.folder()}`, "go to one, or: -C PATH");
  }
  return { file: tokenFile(context.userKey), repository: repository.commonDir };
}
