/** What is risky in migrations, by PostgreSQL's own parser: docs/lint.md lists the rules. */
import type { LintLevel } from "../../config/schema-migrations.ts";
import { withStatements } from "../../sql/nodes.ts";
import { loadParser, type Node, type SqlParser } from "../../sql/parser.ts";
import type { Script } from "../../sql/script.ts";
import { placeOf } from "../../sql/source-place.ts";
import type { Direction, Finding, Migration } from "../migration.ts";
import { ChangeFacts } from "./facts.ts";
import { findCommented, type Ignore, readIgnores } from "./ignores.ts";
import { type LintSettings, readLevels } from "./levels.ts";
import { type LintScript, type LintStatement, readScript } from "./lint-script.ts";
import { PastFacts } from "./past.ts";
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

/**
 * The findings in the files, in their order. `all`: the migrations that there are, rising; what those before a change have
 * made is known to it. Throws (exit 3) when the settings name a rule that is not there.
 */
export async function lintMigrations(
  files: readonly LintFile[],
  settings: LintSettings,
  all: readonly Migration[] = [],
): Promise<Finding[]> {
  const levels = readLevels(settings);
  const parser = await loadParser();
  const found = new Map<LintFile, Finding[]>();
  const past = new PastFacts();
  for (const change of inOrder(files, all)) {
    if (change.kind === "linted") lintChange(parser, change.files, past, levels, found);
    else for (const { node } of readScript(parser, change.script.sql).statements) past.observe(node);
  }
  return files.flatMap((file) => found.get(file) ?? []);
}

/** Changes to judge, and the ups between them that only say what was there; files that are none of `all` are judged last. */
function* inOrder(files: readonly LintFile[], all: readonly Migration[]): Iterable<Change> {
  const changes = Map.groupBy(files, ({ change }) => change);
  const changeOf = new Map(files.map(({ script, change }) => [script, change]));
  const done = new Set<string | undefined>();
  for (const { up, down } of all) {
    const linted = [up, down].find((script) => script !== undefined && changeOf.has(script));
    const name = linted && changeOf.get(linted);
    if (linted === undefined) {
      if (up !== undefined) yield { kind: "known", script: up };
    } else if (!done.has(name)) {
      done.add(name);
      yield { kind: "linted", files: changes.get(name) ?? [] };
    }
  }
  for (const [name, own] of changes) if (!done.has(name)) yield { kind: "linted", files: own };
}

type Change = { kind: "linted"; files: readonly LintFile[] } | { kind: "known"; script: Script };

/** The ups come first: the downs are judged by what those have made. */
function lintChange(
  parser: SqlParser,
  files: readonly LintFile[],
  past: PastFacts,
  levels: ReadonlyMap<string, LintLevel>,
  found: Map<LintFile, Finding[]>,
): void {
  const facts = new ChangeFacts(past);
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
    const around: Around = { direction, facts, past: facts.past, state, body: undefined };
    const { start, end, base } = statement;
    const places = { text: script.sql.slice(base, end), start, base };
    for (const node of withStatements(statement.node)) found.push(...judge(statement, node, around, places, levels));
    for (const inner of statement.body?.statements ?? []) {
      const innerPlaces = { text: inner.text, start: inner.start, base: inner.start };
      for (const node of withStatements(inner.node)) {
        found.push(...judge(statement, node, { ...around, body: statement.body?.kind }, innerPlaces, levels));
      }
      if (statement.body?.kind === "do") facts.observe(inner.node, direction === "up");
    }
    facts.observe(statement.node, direction === "up");
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
