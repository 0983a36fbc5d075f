/** diesel's files: a folder `YYYY-MM-DD-HHMMSS_name` for each migration, with `up.sql` and `down.sql` in it. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { objectAt } from "../../sys/untyped.ts";
import type { FileLayout, NumberedFile } from "./layout.ts";
import { findOtherDirection, readHalves } from "./layout-golang-migrate.ts";
import { findNearMiss, splitLoosely } from "./near-miss.ts";

/** Of the number only the digits count. */
const NAME = /^(\d[\d-]*)_?([^/]*)\/(up|down)\.sql$/s;
const PATTERN = "NUMBER_name/up.sql";

export const diesel: FileLayout = {
  inFolders: true,
  readName(name) {
    const [, number, title = "", direction] = NAME.exec(name) ?? [];
    if (number === undefined) return undefined;
    return { digits: number.replaceAll("-", ""), name: title, direction: direction === "down" ? "down" : "up" };
  },
  findWrongName: (file) => findNearMiss(file, { pattern: PATTERN, propose: proposeFolder }),
  read(files) {
    return {
      migrations: readHalves(files, (file) => !forbidsTransaction(file)),
      findings: files.flatMap(findOtherDirection),
    };
  },
};

function proposeFolder(name: string): string {
  const { digits, rest } = splitLoosely(name.replace(/(?:\.(?:up|down))?\.sql$/i, ""));
  return `${digits}_${rest}/${/\bdown\.sql$/i.test(name) ? "down" : "up"}.sql`;
}

/** `run_in_transaction = false` in the folder's metadata.toml. */
function forbidsTransaction({ path }: NumberedFile): boolean {
  const metadata = join(dirname(path), "metadata.toml");
  if (!existsSync(metadata)) return false;
  const parsed: unknown = Bun.TOML.parse(readFileSync(metadata, "utf8"));
  return objectAt(parsed, "run_in_transaction") === false;
}

/** A number as diesel writes it into a folder's name: 20260115143022 → 2026-01-15-143022. */
export function dashed(digits: string): string {
  return digits.replace(/^(\d{4})(\d\d)(\d\d)(\d{6})$/, "$1-$2-$3-$4");
}
