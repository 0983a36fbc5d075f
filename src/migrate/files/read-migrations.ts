/** The migrations of a worktree, read from their files, with everything that is wrong with these. */
import { posix } from "node:path";
import { LAYOUTS, type Layout } from "../../config/schema-migrations.ts";
import { EXIT, PgroveError } from "../../errors.ts";
import { isNumberedSql, layoutOfName, layoutOfText, usesSqlx } from "../../repo/migration-layout.ts";
import { toolOfText } from "../../repo/migration-tools.ts";
import { blankQuoted } from "../../sql/blank-quoted.ts";
import type { Script } from "../../sql/script.ts";
import { describeMigration, type Finding, type Migration } from "../migration.ts";
import { folderOf, listFolders, readFolderFile } from "./folder.ts";
import {
  type FileLayout,
  type FolderFile,
  fileFinding,
  isInFolder,
  type NumberedFile,
  type NumberedName,
} from "./layout.ts";
import { dbmate } from "./layout-dbmate.ts";
import { diesel } from "./layout-diesel.ts";
import { golangMigrate } from "./layout-golang-migrate.ts";
import { goose } from "./layout-goose.ts";
import { sqlx } from "./layout-sqlx.ts";
import { findDeeper, findStrayFolder } from "./near-miss.ts";

export interface MigrationSource {
  /** Absolute; `/**` at the end takes in the folders below. */
  dirs: readonly string[];
  /** The worktree's folder: for display, and as the border that no link may cross. */
  root: string;
  /** Left out, it is found out from the files. */
  layout?: Layout;
  /** `migrations.ignore` */
  ignore?: readonly string[];
}

export interface MigrationFiles {
  layout: Layout;
  dirs: readonly string[];
  root: string;
  /** `migrations.ignore` */
  ignore?: readonly string[];
  /** Rising by version. Of a version that is there twice, both. */
  migrations: readonly Migration[];
  findings: readonly Finding[];
}

const FILE_LAYOUTS: Readonly<Record<Layout, FileLayout>> = {
  "golang-migrate": golangMigrate,
  ...{ dbmate, goose, diesel, sqlx },
};

/** The rules of a layout. */
export function fileLayout(layout: Layout): FileLayout {
  return FILE_LAYOUTS[layout];
}

/** Versions are kept as PostgreSQL's bigint. */
const VERSION_END = 2n ** 63n;

/**
 * Reads all files. What is wrong with them is in the findings: nothing is thrown, and nothing skipped silently. `tellLayout`
 * is told whose they are before they are read.
 */
export async function readMigrations(
  source: MigrationSource,
  tellLayout: (layout: Layout) => void = () => undefined,
): Promise<MigrationFiles> {
  const { dirs, root, ignore = [] } = source;
  const { files, deeper, findings } = await listFolders(dirs, root, ignore);
  const texts = new TextReader();
  const found = source.layout === undefined ? findLayout(files, texts, source) : { layout: source.layout };
  if ("mixed" in found) {
    return { layout: "golang-migrate", dirs, root, ignore, migrations: [], findings: [...findings, found.mixed] };
  }
  tellLayout(found.layout);
  const rules = fileLayout(found.layout);
  const numbered: NumberedFile[] = [];
  for (const [place, file] of files.entries()) {
    if (place % AT_ONCE === AT_ONCE - 1) await letOthersOn();
    const name = readName(rules, file);
    const wrong = name === undefined ? findWrongName(rules, file) : findWrongVersion(file, name.digits);
    if (wrong !== undefined) findings.push(nameTool(wrong, file, texts));
    if (name === undefined || wrong !== undefined) continue;
    const text = texts.read(file);
    if (typeof text === "string") numbered.push({ ...file, ...name, text });
    else findings.push(text);
  }
  findings.push(...findPassedOver(rules, deeper));
  const reading = rules.read(numbered);
  const migrations = reading.migrations.sort(byVersion);
  findings.push(...reading.findings, ...findDuplicates(migrations), ...migrations.flatMap(checkMigration));
  if (migrations.length === 0) findings.splice(0, findings.length, ...findings.map(refuseUnnumbered));
  findings.sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1));
  return { layout: found.layout, dirs, root, ignore, migrations, findings };
}

/** So many files are read before what else goes on, a connection being made, has its turn. */
const AT_ONCE = 25;

function letOthersOn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** What the file's name says to a layout, which has its migrations in folders or in files. */
function readName(rules: FileLayout, file: FolderFile): NumberedName | undefined {
  return isInFolder(file) === (rules.inFolders === true) ? rules.readName(file.fileName) : undefined;
}

function findWrongName(rules: FileLayout, file: FolderFile): Finding | undefined {
  if (!isInFolder(file) || rules.inFolders === true) return rules.findWrongName(file);
  return file.fileName.endsWith("/up.sql") ? findStrayFolder(file) : undefined; // once for a folder
}

/** SQL with a name that is not taken may say by itself whose it is. */
function nameTool(wrong: Finding, file: FolderFile, texts: TextReader): Finding {
  if (wrong.rule !== "wrong_name" || !file.fileName.endsWith(".sql")) return wrong;
  const text = texts.read(file);
  const tool = typeof text === "string" ? toolOfText(text) : undefined;
  return tool === undefined || wrong.message.includes(tool)
    ? wrong
    : { ...wrong, message: `${wrong.message}; it looks like one of ${tool}'s` };
}

/** Beside migrations SQL without a number may be anything; where there is nothing else, it is what was meant to run. */
function refuseUnnumbered(finding: Finding): Finding {
  const isUnnumbered = finding.rule === "wrong_name" && finding.file.endsWith(".sql");
  return isUnnumbered ? { ...finding, level: "error" } : finding;
}

/** Of the files in folders that are not taken in, those that look like migrations: one finding a folder. */
function findPassedOver(rules: FileLayout, deeper: readonly FolderFile[]): Finding[] {
  const meant = deeper.filter((file) => {
    if (readName(rules, file) !== undefined) return true;
    return findWrongName(rules, file)?.level === "error";
  });
  const byFolder = Map.groupBy(meant, ({ shown }) => posix.dirname(shown));
  return [...byFolder.values()].flatMap((same) => {
    const [first] = same;
    const wrong = first === undefined || readName(rules, first) ? undefined : findWrongName(rules, first);
    return wrong === undefined ? findDeeper(same) : [wrong];
  });
}

/** Reads each file once. */
class TextReader {
  private readonly known = new Map<string, string | Finding>();

  read(file: FolderFile): string | Finding {
    const text = this.known.get(file.path) ?? readFolderFile(file);
    this.known.set(file.path, text);
    return text;
  }
}

/** For each layout that is there, the first file that shows it; golang-migrate's names say enough. */
function findEvidence(files: readonly FolderFile[], texts: TextReader): Map<Layout, FolderFile> {
  const evidence = new Map<Layout, FolderFile>();
  for (const file of files) {
    const layout = layoutOf(file, texts);
    if (layout !== undefined && !evidence.has(layout)) evidence.set(layout, file);
  }
  return evidence;
}

function layoutOf(file: FolderFile, texts: TextReader): Layout | undefined {
  if (isInFolder(file)) return "diesel";
  const named = layoutOfName(file.fileName);
  if (named !== undefined || !isNumberedSql(file.fileName)) return named;
  const text = texts.read(file);
  return typeof text === "string" ? layoutOfText(text) : undefined;
}

function findLayout(
  files: readonly FolderFile[],
  texts: TextReader,
  { dirs, root }: MigrationSource,
): { layout: Layout } | { mixed: Finding } {
  const evidence = [...findEvidence(files, texts)];
  const [first, other] = evidence;
  const layout = first?.[0] ?? "golang-migrate";
  if (other === undefined) {
    const isOpen = layout === "golang-migrate" && files.some(({ fileName }) => isNumberedSql(fileName));
    return { layout: isOpen && dirs.some((dir) => usesSqlx(folderOf(dir).folder, root)) ? "sqlx" : layout };
  }
  const named = evidence.map(([layout, { shown }]) => `${shown} is ${layout}'s`);
  return {
    mixed: fileFinding("error", {
      ...{ rule: "mixed_layouts", file: other[1].shown },
      message: `the migrations are of more than one tool: ${named.join(", ")}`,
      hint: `keep one kind of them; or say in pgrove.yaml which ones count: migrations: {layout: ${LAYOUTS.join(" | ")}}`,
    }),
  };
}

function findWrongVersion({ shown }: FolderFile, digits: string): Finding | undefined {
  if (BigInt(digits) < VERSION_END) return undefined;
  return fileFinding("error", {
    ...{ rule: "version_too_large", file: shown },
    message: `has a version that is too large: ${digits}; the largest is ${VERSION_END - 1n}`,
  });
}

function findDuplicates(migrations: readonly Migration[]): Finding[] {
  return migrations.flatMap((migration, index) => {
    const before = migrations[index - 1];
    if (before === undefined || before.version !== migration.version) return [];
    const file = fileOf(migration);
    return [
      fileFinding("error", {
        ...{ rule: "duplicate_version", file },
        message: `version ${migration.version} is there twice: ${fileOf(before)} and ${file}`,
        hint: "pgrove migrate renumber        moves this branch's own behind the others; or rename one",
      }),
    ];
  });
}

function checkMigration(migration: Migration): Finding[] {
  const { up, down } = migration;
  if (up !== undefined && !isEmpty(up) && (down === undefined || !isEmpty(down))) return [];
  const empty = [up, down].flatMap((script) => {
    if (script === undefined || !isEmpty(script)) return [];
    const { file, line } = script;
    const half = script === up ? "up" : "down";
    return [
      fileFinding("warning", {
        rule: "empty-migration",
        file,
        line,
        message: `the ${half} of ${describeMigration(migration)} holds no SQL`,
      }),
    ];
  });
  if (up !== undefined || down === undefined) return empty;
  const lone = fileFinding("error", {
    ...{ rule: "down_without_up", file: down.file },
    message: `takes back what no file does: there is no up of version ${migration.digits}`,
    hint: `write ${down.file.replace(/down\.sql$/, "up.sql")}, or remove this one`,
  });
  return [...empty, lone];
}

/** Nothing but white space and comments. */
function isEmpty({ sql }: Script): boolean {
  return !/^\s*[A-Za-z]/.test(sql) && blankQuoted(sql).trim() === "";
}

/** The file that a migration is mainly in. */
export function fileOf({ up, down }: Migration): string {
  return (up ?? down)?.file ?? "";
}

function byVersion(a: Migration, b: Migration): number {
  return a.version < b.version ? -1 : a.version > b.version ? 1 : 0;
}

const MOST_SHOWN = 50;
const MEND = "mend it; pgrove migrate check        looks at all of them";

/** The same files. Throws (exit 3) with every error in them; warnings pass. */
export function requireValid(files: MigrationFiles): MigrationFiles {
  const errors = files.findings.filter(({ level }) => level === "error");
  const [first] = errors;
  if (first === undefined) return files;
  const lines = errors.slice(0, MOST_SHOWN).map(({ file, line, message }) => `${file}:${line}  ${message}`);
  const title = `the migrations have ${errors.length} mistakes`;
  throw new PgroveError({
    code: "migrations_invalid",
    message: errors.length === 1 ? lines.join("") : [title, ...lines.map((line) => `  ${line}`)].join("\n"),
    exit: EXIT.config,
    hint: errors.length === 1 ? (first.hint ?? MEND) : "pgrove migrate check        says what to do about each",
  });
}
