/** Makes the files of a new migration, numbered behind those that there are. */
import { mkdir, open, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Layout } from "../../config/schema-migrations.ts";
import { configError, refusal, usageError } from "../../errors.ts";
import { errorCode } from "../../sys/files.ts";
import { folderOf, shownPath } from "./folder.ts";
import { dashed } from "./layout-diesel.ts";
import { type MigrationFiles, requireValid } from "./read-migrations.ts";
import { chooseStyle, type Numbering, nextDigits } from "./version-digits.ts";

export interface CreateRequest {
  files: MigrationFiles;
  /** What it is called by whoever makes it: "Add users". */
  name: string;
  /** Left out, as the others are numbered. */
  numbering?: Numbering;
  now: Date;
}

export interface CreatedMigration {
  digits: string;
  name: string;
  /** Absolute. */
  paths: readonly string[];
}

/** A file to write: its name, and what is in it. */
interface NewFile {
  name: string;
  text: string;
}

/**
 * Makes them in the first folder, which need not be there yet. Throws when the name has no letter or digit (exit 2), the
 * files are of several tools (exit 3), or a file of that name is there (exit 5): nothing is overwritten.
 */
export async function createMigration({ files, name, numbering, now }: CreateRequest): Promise<CreatedMigration> {
  const slug = slugOf(name);
  requireValid({ ...files, findings: files.findings.filter(({ rule }) => rule === "mixed_layouts") });
  const [dir] = files.dirs;
  if (dir === undefined) throw configError("there is no folder for migrations", "set migrations.dir in pgrove.yaml");
  const { folder } = folderOf(dir);
  const style = numbering ?? chooseStyle(files.migrations, files.layout);
  const digits = nextDigits(files.migrations, style, now);
  await mkdir(folder, { recursive: true });
  const paths: string[] = [];
  try {
    for (const file of NEW_FILES[files.layout](`${digits}_${slug}`, slug)) {
      const path = join(folder, file.name);
      await mkdir(dirname(path), { recursive: true });
      await writeNew(path, file.text, shownPath(files.root, path));
      paths.push(path);
    }
  } catch (error) {
    await Promise.all(paths.map((path) => rm(path, { force: true })));
    throw error;
  }
  return { digits, name: slug, paths };
}

const LONGEST_NAME = 100;

/** `Add "users" table` → `add_users_table`. Throws (exit 2) when nothing is left. */
function slugOf(name: string): string {
  const slug = name
    .normalize("NFKD")
    .replace(/[\u0300-\u036f]/g, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .slice(0, LONGEST_NAME)
    .replace(/^_+|_+$/g, "");
  if (slug !== "") return slug;
  throw usageError(
    `a migration cannot be named ${JSON.stringify(name)}`,
    "pgrove migrate create add_users        letters and digits",
  );
}

const NEW_FILES: Readonly<Record<Layout, (base: string, name: string) => NewFile[]>> = {
  "golang-migrate": (base, name) => [
    { name: `${base}.up.sql`, text: `-- ${name}\n` },
    { name: `${base}.down.sql`, text: `-- takes back ${name}\n` },
  ],
  dbmate: (base) => [{ name: `${base}.sql`, text: "-- migrate:up\n\n\n-- migrate:down\n\n" }],
  goose: (base) => [{ name: `${base}.sql`, text: "-- +goose Up\n\n\n-- +goose Down\n\n" }],
  diesel: (base, name) => {
    const folder = base.replace(/^\d+/, dashed);
    return [
      { name: `${folder}/up.sql`, text: `-- ${name}\n` },
      { name: `${folder}/down.sql`, text: `-- takes back ${name}\n` },
    ];
  },
  sqlx: (base, name) => [
    { name: `${base}.up.sql`, text: `-- ${name}\n` },
    { name: `${base}.down.sql`, text: `-- takes back ${name}\n` },
  ],
};

async function writeNew(path: string, text: string, shown: string): Promise<void> {
  try {
    const handle = await open(path, "wx");
    try {
      await handle.writeFile(text);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (errorCode(error) === "EEXIST") throw refusal("file_exists", `${shown} is there already`, "choose another name");
    throw error;
  }
}
