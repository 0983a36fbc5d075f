/** Dumps that hold rows without their tables (pg_dump --data-only): a restore builds a new database, which has none for them. */
import { unpackerOf } from "../archive/plain.ts";
import { refusal } from "../errors.ts";
import { quoteWord } from "../sys/shell-word.ts";
import type { InspectedDump } from "./inspect.ts";

/** Throws (exit 5) for a dump of rows alone, with what adds them to a database that has the tables. */
export function requireTables(inspected: InspectedDump): void {
  const { dump, onlyRows } = inspected;
  if (!onlyRows) return;
  const way = wayToAdd(inspected);
  throw refusal(
    "dump_data_only",
    `${dump.name} holds only rows, and a restore builds a new database, which needs the tables too`,
    way === undefined
      ? "dump it with its tables"
      : `${way}    adds them to the tables that are there; or dump it with its tables`,
  );
}

/** What adds the rows of such a dump to the tables that are there; undefined where nothing does in one step. */
export function wayToAdd({
  dump,
  kind,
  fileKey,
}: Pick<InspectedDump, "dump" | "kind" | "fileKey">): string | undefined {
  if (kind.kind !== "plain") return `pgrove restore ${quoteWord(dump.name)} --data-only`;
  if (fileKey !== undefined || dump.elsewhere !== undefined) return undefined;
  const file = quoteWord(dump.path);
  if (kind.wrapping === "none") return `pgrove sql -f ${file}`;
  return `${unpackerOf(kind.wrapping)} ${file} | pgrove sql`;
}
