/** sqlx's files: `NNN_name.sql`, which nothing takes back, or `NNN_name.up.sql` and `NNN_name.down.sql`. */
import type { Script } from "../../sql/script.ts";
import type { FileLayout, NumberedFile, Reading } from "./layout.ts";
import { findOtherDirection, readHalves } from "./layout-golang-migrate.ts";
import { findNearMiss, proposeOneFile } from "./near-miss.ts";

const NAME = /^([0-9]+)_(.*?)(?:\.(up|down))?\.sql$/s;

export const sqlx: FileLayout = {
  readName(name) {
    const [, digits, title = "", direction] = NAME.exec(name) ?? [];
    if (digits === undefined) return undefined;
    return { digits, name: title, direction: direction === "down" ? "down" : "up" };
  },
  findWrongName: (file) => findNearMiss(file, { pattern: "NUMBER_name.sql", propose: proposeOneFile }),
  read(files): Reading {
    const texts = new Map(files.map((file) => [file.shown, file]));
    const vouched = (script: Script | undefined) =>
      script && { ...script, checksum: sqlxChecksum(texts.get(script.file)) };
    const migrations = readHalves(files).map(({ up, down, ...rest }) => ({
      ...rest,
      ...(up === undefined ? {} : { up: vouched(up) ?? up }),
      ...(down === undefined ? {} : { down: vouched(down) ?? down }),
    }));
    return { migrations, findings: files.flatMap(findOtherDirection) };
  },
};

/** SHA-384 as hex, of the text as it is, line ends and all: what sqlx compares with its table. */
function sqlxChecksum(file: Pick<NumberedFile, "text"> | undefined): string {
  return Bun.SHA384.hash(file?.text ?? "", "hex");
}
