/** What requests may hold. Whatever becomes a word of a command line is looked at here: none can be taken for an option. */
import * as v from "valibot";
import { isConnection } from "../postgres/url.ts";

/** No control characters, and no dash in front. */
const word = (about: string, most = 200) =>
  v.pipe(
    v.string(),
    v.minLength(1),
    v.maxLength(most),
    v.regex(/^[^-\p{Cc}][^\p{Cc}]*$/u, "must not begin with - or hold control characters"),
    v.description(about),
  );

/** A target by its name: a URL, or libpq's words, would lead the server to wherever the client likes. */
export const targetName = v.pipe(
  word("main, a worktree's name, or @environment"),
  v.check((text) => !text.includes("://") && !isConnection(text), "must be a name, not a URL"),
);

/** A dump in the store, by its name: a path would lead out of it. */
export const dumpName = v.pipe(
  word("a dump's name in the store"),
  v.check((text) => !/[/\\]/.test(text) && text !== "..", "must be a name in the store, not a path"),
);

/** A machine's folder at a remote. */
export const hostName = v.pipe(
  word("the machine that pushed it"),
  v.check((text) => !/[/\\]/.test(text) && text !== "..", "must be a name, not a path"),
);

const worktreeName = word("a worktree's name");
export const branchName = word("a branch");
export const snapshotName = word("a snapshot's name", 63);
export const entityName = word("an entity or a table", 128);
export const noteText = word("a note", 500);
export const confirmName = word("the name of what is changed, as the command line wants it typed");
export const identifier = v.pipe(v.string(), v.minLength(1), v.maxLength(63), v.regex(/^[^\0]*$/));
export const flag = v.optional(v.boolean(), false);
/** Who gets what a dump gives to a role: by the dump's role one of the server. */
export const roleMap = v.optional(
  v.pipe(
    v.record(identifier, identifier),
    v.description("by a role that the dump names, the role of the server that takes its place"),
  ),
  {},
);
export const rowCount = v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(1_000_000_000));

/** How far migrations go. */
export const migrationGoal = v.pipe(
  v.string(),
  v.regex(/^(head|[+-]\d{1,6}|[\p{L}\p{N}_][\p{L}\p{N}_.-]{0,199})$/u, "must be head, +N, -N, a version or a name"),
  v.description("head, +N, -N, a version, or the beginning of a name"),
);

export const targetQuery = v.strictObject({ target: v.optional(targetName, "main") });
export const targetPath = v.object({ target: targetName });
export const dumpPath = v.object({ dump: dumpName });
export const worktreePath = v.object({ worktree: worktreeName });
