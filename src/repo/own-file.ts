/** The small versioned JSON files that pgrove keeps for its user. */
import { configError, type PgroveError } from "../errors.ts";
import { parseJson } from "../sys/untyped.ts";

export interface OwnFile {
  file: string;
  /** For people: "the list of approvals". */
  what: string;
  version: number;
  /** What to do about a damaged one. */
  repair: string;
}

/** That the file holds something else than it should (exit 3). */
export function damagedError({ what, file, repair }: OwnFile): PgroveError {
  return configError(`${what} is damaged: ${file}`, repair);
}

/** What the file's text has under `key`, not looked at further. Throws (exit 3) when it is damaged or a newer pgrove's. */
export function parseOwnFile(text: string, own: OwnFile, key: string): unknown {
  const parsed = parseJson(text);
  if (typeof parsed !== "object" || parsed === null) throw damagedError(own);
  const version: unknown = Reflect.get(parsed, "version");
  if (typeof version === "number" && version > own.version) {
    throw configError(`${own.what} was written by a newer pgrove: ${own.file}`, "install the newest pgrove");
  }
  if (version !== own.version) throw damagedError(own);
  return Reflect.get(parsed, key);
}
