/** golang-migrate's files: `NNN_name.up.sql` and `NNN_name.down.sql`. */

import type { Finding, Migration } from "../migration.ts";
import { type FileLayout, isInFolder, makeScript, type NumberedFile } from "./layout.ts";
import { findNearMiss, splitLoosely } from "./near-miss.ts";
import { findForeignTurn, findLookalikes, refuseLookalike } from "./section-marks.ts";

const NAME = /^([0-9]+)_(.*)\.(up|down)\.sql$/s;

export const golangMigrate: FileLayout = {
  readName(name) {
    const [, digits, title = "", direction] = NAME.exec(name) ?? [];
    if (digits === undefined) return undefined;
    return { digits, name: title, direction: direction === "down" ? "down" : "up" };
  },
  findWrongName: (file) =>
    findNearMiss(file, { pattern: "NUMBER_name.up.sql or NUMBER_name.down.sql", propose: proposeName }),
  read: (files) => ({ migrations: readHalves(files), findings: files.flatMap(findOtherDirection) }),
};

/** The migrations of files that hold one direction each. */
export function readHalves(
  files: readonly NumberedFile[],
  isTransaction: (file: NumberedFile) => boolean = () => true,
): Migration[] {
  return joinHalves(pairByName(files, isTransaction));
}

/** Another tool's mark of the other direction: the file is run whole, whatever that tool would leave out. */
export function findOtherDirection(file: NumberedFile): Finding[] {
  const { direction = "up" } = file;
  const other = direction === "up" ? "down" : "up";
  const own = findLookalikes(file.text).find((each) => each.direction === other);
  const stray = own ?? findForeignTurn(file.text, direction);
  if (stray === undefined) return [];
  return [
    refuseLookalike(
      file,
      stray,
      `put what stands behind it into the ${isInFolder(file) ? "" : "."}${other}.sql file; or reword the comment`,
    ),
  ];
}

function proposeName(name: string): string {
  const [, stem = "", direction = "up"] = /^(.*?)(?:\.(up|down))?\.sql$/is.exec(name) ?? [];
  const { digits, rest } = splitLoosely(stem);
  return `${digits}_${rest}.${direction.toLowerCase()}.sql`;
}

/** The two files of a version and name become one migration; a further one of the same kind begins another. */
function pairByName(files: readonly NumberedFile[], isTransaction: (file: NumberedFile) => boolean): Migration[] {
  const migrations: Migration[] = [];
  const byName = new Map<string, Migration>();
  for (const file of files) {
    const { digits, name, direction = "up" } = file;
    const version = BigInt(digits);
    const key = `${version}_${name}`;
    const script = makeScript(file, { start: 0, end: file.text.length, transaction: isTransaction(file) });
    const known = byName.get(key);
    if (known !== undefined && known[direction] === undefined) {
      known[direction] = script;
      if (direction === "up") known.digits = digits;
      continue;
    }
    const migration: Migration = { version, digits, name, [direction]: script };
    byName.set(key, migration);
    migrations.push(migration);
  }
  return migrations;
}

/** A lone up and a lone down of one version belong together, whatever they are called: only the number counts. */
function joinHalves(migrations: readonly Migration[]): Migration[] {
  const byVersion = Map.groupBy(migrations, ({ version }) => version);
  return [...byVersion.values()].flatMap((same) => {
    if (same.length !== 2) return same;
    const up = same.find((each) => each.down === undefined);
    const down = same.find((each) => each.up === undefined);
    if (up === undefined || down?.down === undefined || up === down) return same;
    return [{ ...up, down: down.down }];
  });
}
