/** What is risky in migrations, by PostgreSQL's own parser: docs/lint.md lists the rules. */
import type { LintLevel } from "../../config/schema-migrations.ts";
import { loadParser, type Node, type SqlParser } from "../../sql/parser.ts";
import type { Script } from "../../sql/script.ts";
import { placeOf } from "../../sql/source-place.ts";
import type { Direction, Finding, Migration } from "../migration.ts";
import { ChangeFacts } from "./facts.ts";
import { findCommented, type Ignore, readIgnores } from "./ignores.ts";
import { type LintSettings, readLevels } from "./levels.ts";
import { type LintScript, type LintStatement, readScript } from "./lint-script.ts";
import type { Around, Breach } from "./rule.ts";
import { findRuleNames, STATEMENT_RULES, suggestRule } from "./rules.ts";
import { findLongNames } from "./rules-names.ts";
import { ScriptState } from "./script-state.ts";

export interface LintFile {
  script: Script;
  direction: Direction;
  /** Files of one change are applied together: what one makes is new to the others. Left out, all are one change. */
  change?: string;
}

/** What this branch adds is one change; of the others each stands alone, since they were applied long apart. */
export function toLintFiles(migrations: readonly Migration[], own: readonly Migration[]): LintFile[] {
  const ownVersions = new Set(own.map(({ version }) => version));
  return migrations.flatMap(({ version, up, down }) => {
    const change = ownVersions.has(version) ? "own" : String(version);
    return [
      ...(up === undefined ? [] : [{ script: up, direction: "up" as const, change }]),
      ...(down === undefined ? [] : [{ script: down, direction: "down" as const, change }]),
    ];
  });
}

/** A finding before it has a level, and a line and column. */
interface Raw {
  rule: string;
  breach: Breach;
  /** In UTF-16 units of the script. */
  position: number;
  /** Where it stands among the script's own statements. */
  statement: LintStatement | undefined;
}

/** The findings in the files, in their order. Throws (exit 3) when the settings name a rule that is not there. */
export async function lintMigrations(files: readonly LintFile[], settings: LintSettings): Promise<Finding[]> {
  const levels = readLevels(settings);
  const parser = await loadParser();
  const changes = new Map<string | undefined, LintFile[]>();
  for (const file of files) changes.set(file.change, [...(changes.get(file.change) ?? []), file]);
  const found = new Map<LintFile, Finding[]>();
  for (const change of changes.values()) lintChange(parser, change, levels, found);
  return files.flatMap((file) => found.get(file) ?? []);
}

/** The ups come first: the downs are judged by what those have made. */
function lintChange(
  parser: SqlParser,
  files: readonly LintFile[],
  levels: ReadonlyMap<string, LintLevel>,
  found: Map<LintFile, Finding[]>,
): void {
  const facts = new ChangeFacts();
  const ups = files.filter(({ direction }) => direction === "up");
  const downs = files.filter(({ direction }) => direction === "down");
  for (const file of [...ups, ...downs]) {
    const { script, direction } = file;
    const read = readScript(parser, script.sql);
    // Without its ups nobody can tell whether a down takes away more than they made.
    const judge = direction === "up" || ups.length > 0;
    const raw = [
      ...findInText(script, read),
      ...(judge ? findInStatements(script, direction, read, facts, levels) : []),
    ];
    found.set(file, finish(script, read, raw, levels));
  }
}

function findInText({ sql }: Script, { syntaxError }: LintScript): Raw[] {
  const names = findLongNames(sql).map(({ position, name, bytes }) => ({
    rule: "identifier-too-long",
    breach: { message: `the name ${name} is ${bytes} bytes long: PostgreSQL cuts it to 63 silently` },
    position,
    statement: undefined,
  }));
  if (syntaxError === undefined) return names;
  const { message, position } = syntaxError;
  return [{ rule: "syntax-error", breach: { message }, position, statement: undefined }, ...names];
}

function findInStatements(
  script: Script,
  direction: Direction,
  { statements }: LintScript,
  facts: ChangeFacts,
  levels: ReadonlyMap<string, LintLevel>,
): Raw[] {
  const state = new ScriptState(
    statements.map(({ node }) => node),
    script.transaction,
  );
  const found: Raw[] = [];
  for (const statement of statements) {
    const around: Around = { direction, facts, state, body: undefined };
    const { start, end, base } = statement;
    const places = { text: script.sql.slice(base, end), start, base };
    found.push(...judge(statement, statement.node, around, places, levels));
    for (const inner of statement.body?.statements ?? []) {
      const innerPlaces = { text: inner.text, start: inner.start, base: inner.start };
      found.push(...judge(statement, inner.node, { ...around, body: statement.body?.kind }, innerPlaces, levels));
      if (statement.body?.kind === "do") facts.observe(inner.node);
    }
    facts.observe(statement.node);
    state.observe(statement.node);
  }
  return found;
}

/** How a node's location becomes a position in the script. */
interface StatementPlace {
  /** The text that was parsed; undefined when it is not a piece of the script. */
  text: string | undefined;
  /** Where the statement begins in the script. */
  start: number;
  /** Where that text begins in the script. */
  base: number;
}

function judge(
  statement: LintStatement,
  node: Node,
  around: Around,
  { text, start, base }: StatementPlace,
  levels: ReadonlyMap<string, LintLevel>,
): Raw[] {
  return STATEMENT_RULES.flatMap((rule) => {
    const judges = (around.direction === "up" || rule.down) && (around.body !== "function" || rule.functions);
    if (!judges || levels.get(rule.name) === "off") return [];
    return Array.from(rule.check(node, around), (breach) => {
      const position =
        breach.location === undefined || text === undefined ? start : base + unitsOfBytes(text, breach.location);
      return { rule: rule.name, breach, position, statement };
    });
  });
}

/** A position that the parser counts in bytes of UTF-8, as one in UTF-16 units. */
function unitsOfBytes(text: string, bytes: number): number {
  const bytesOf = Buffer.from(text);
  return bytesOf.length === text.length ? bytes : bytesOf.subarray(0, bytes).toString().length;
}

/** Levels and places; what comments say is meant is left out, and comments that name no rule are added. */
function finish(
  script: Script,
  { statements }: LintScript,
  raw: readonly Raw[],
  levels: ReadonlyMap<string, LintLevel>,
): Finding[] {
  const ignores = readIgnores(script.sql);
  const commented = ignores.map((ignore) => ({
    ignore,
    statement: ignore.wholeFile ? undefined : findCommented(script.sql, statements, ignore.position),
  }));
  const isMeant = ({ rule, position, statement }: Raw) =>
    commented.some(({ ignore, statement: about }) => {
      if (!covers(ignore, rule)) return false;
      if (ignore.wholeFile) return true;
      return about !== undefined && (statement === about || (about.start <= position && position < about.end));
    });
  return [...raw.filter((each) => !isMeant(each)), ...ignores.flatMap(unknownRules)]
    .toSorted((one, other) => one.position - other.position)
    .flatMap(({ rule, breach, position }): Finding[] => {
      const level = levels.get(rule) ?? "warning";
      if (level === "off") return [];
      const { line, column } = placeOf(script, position);
      const { message, hint } = breach;
      return [{ rule, level, file: script.file, line, column, message, ...(hint === undefined ? {} : { hint }) }];
    });
}

function covers({ rules }: Ignore, rule: string): boolean {
  return rules.length === 0 || rules.some((written) => findRuleNames(written)?.includes(rule));
}

function unknownRules({ rules, foreign, position }: Ignore): Raw[] {
  if (foreign) return [];
  return rules
    .filter((written) => findRuleNames(written) === undefined)
    .map((written) => {
      const nearest = suggestRule(written);
      const hint = nearest === undefined ? "docs/lint.md lists the rules" : `did you mean ${nearest}?`;
      const breach = { message: `there is no rule ${written}`, hint };
      return { rule: "unknown-rule", breach, position, statement: undefined };
    });
}
