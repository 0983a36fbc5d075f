/** SQL files that are no migrations of this worktree, read so that they can be judged like some. */
import { existsSync } from "node:fs";
import { basename, join, posix, relative, sep } from "node:path";
import { missingError } from "../../errors.ts";
import { layoutOfText } from "../../repo/migration-layout.ts";
import { readFolderFile } from "../files/folder.ts";
import { makeScript } from "../files/layout.ts";
import { fileLayout } from "../files/read-migrations.ts";
import type { Finding, Migration } from "../migration.ts";

/** What takes a file back lies beside it, and says so by its name. */
const DOWN = /(^|[._-])down\.sql$/i;

/**
 * The file's SQL: its sections where it has the marks of dbmate or goose, else all of it; and the file of the other direction
 * that lies beside it. Throws (exit 4) when there is no such file.
 */
export function readAnyFile(path: string, root: string): { migrations: Migration[]; findings: Finding[] } {
  const file = describe(path, root);
  if (!existsSync(path)) {
    throw missingError(
      "migration_missing",
      `there is no file ${file.shown}`,
      "pgrove migrate status        lists the migrations",
    );
  }
  const text = readFolderFile(file);
  if (typeof text !== "string") return { migrations: [], findings: [text] };
  const layout = layoutOfText(text);
  if (layout !== undefined) {
    const { digits = "1", name = "" } = fileLayout(layout).readName(file.fileName) ?? {};
    return fileLayout(layout).read([{ ...file, digits, name, text }]);
  }
  const isDown = DOWN.test(file.fileName);
  const other = isDown ? path.replace(/down(\.sql)$/i, "up$1") : path.replace(/(^|[/._-])up(\.sql)$/i, "$1down$2");
  const beside = other !== path && existsSync(other) ? readWhole(other, root) : undefined;
  const own = makeScript({ ...file, text }, { start: 0, end: text.length, transaction: true });
  const [up, down] = isDown ? [beside, own] : [own, beside];
  const migration = { ...(up === undefined ? {} : { up }), ...(down === undefined ? {} : { down }) };
  return { migrations: [{ version: 0n, digits: "0", name: file.fileName, ...migration }], findings: [] };
}

function readWhole(path: string, root: string) {
  const file = describe(path, root);
  const text = readFolderFile(file);
  return typeof text === "string"
    ? makeScript({ ...file, text }, { start: 0, end: text.length, transaction: true })
    : undefined;
}

function describe(path: string, root: string) {
  const way = relative(root, path).split(sep).join(posix.sep);
  return { path: join(path), shown: way.startsWith("..") ? path : way, fileName: basename(path) };
}
