/** How a migration's script is to be run: by whom, in what transaction, and which statements it has. */
import { EXIT, PgroveError } from "../errors.ts";
import { once } from "../sys/once.ts";
import { blank, blankQuoted, blankRows } from "./blank-quoted.ts";
import { findPart } from "./nodes.ts";
import { DO_ENDS_TRANSACTION, findOutsideOnly, OUTSIDE_WORDS } from "./outside-transaction.ts";
import type { Node, ParsedStatement } from "./parser.ts";
import type { Script } from "./script.ts";
import { filePlaceAt, pointAt } from "./source-place.ts";
import {
  type BlockWord,
  findBlockWords,
  findUnbalanced,
  findWrittenBlockWords,
  isInsideBlock,
} from "./transaction-block.ts";

export interface Statement {
  sql: string;
  /** Where it begins in the script's SQL, in UTF-16 units. */
  start: number;
  node?: Node;
}

export interface ScriptShape {
  /** psql: it holds psql's own commands, or the rows of a COPY. */
  runner: "sql" | "psql";
  /**
   * ours: pgrove's transaction goes around all of it. own: it begins and ends transactions itself. none: the file says so,
   * or holds only what PostgreSQL refuses inside a transaction.
   */
  transaction: "ours" | "own" | "none";
  /** What is to be sent; a BEGIN and COMMIT around everything is blanked out, so that positions stay. */
  sql: string;
  /** Parsed when they are first asked for; none of a psql script. Throws (exit 3) at a mistake of syntax. */
  statements(): Promise<readonly Statement[]>;
}

const BLOCK_WORDS = /\b(?:begin|start|commit|end|rollback|abort|prepare)\b/i;
const COPY_FROM_STDIN = /\bcopy\b[^;]*\bfrom\s+p?stdin\b/i;

/**
 * Looks at a script. Throws (exit 3) with file, line and column at a transaction that is begun and not ended or the other
 * way round, and at what cannot run inside a transaction beside what belongs into one. A file that holds nothing but the
 * former needs no mark: it is run outside of a transaction, as golang-migrate does with a file of one statement.
 */
export async function readShape(script: Script): Promise<ScriptShape> {
  const plain = script.transaction ? "ours" : "none";
  if (!isSuspect(script.sql)) return sqlShape(script, plain, script.sql);
  const blanked = blankQuoted(script.sql);
  if (blanked.includes("\\") || COPY_FROM_STDIN.test(blanked)) return readPsqlShape(script);
  if (!BLOCK_WORDS.test(blanked) && !OUTSIDE_WORDS.test(blanked) && !DO_ENDS_TRANSACTION.test(script.sql)) {
    return sqlShape(script, plain, script.sql);
  }
  const statements = await parse(script, script.sql);
  const words = findBlockWords(statements);
  requireBalance(script, words);
  const pair = script.transaction ? findPair(words, statements.at(0)?.start, statements.at(-1)?.end) : undefined;
  const sql = pair === undefined ? script.sql : blankOut(script.sql, pair);
  return sqlShape(script, chooseTransaction(script, statements, words, pair), sql);
}

/** A cheap look at the whole text, which most files do not pass: so most need no parser. */
function isSuspect(sql: string): boolean {
  return sql.includes("\\") || BLOCK_WORDS.test(sql) || OUTSIDE_WORDS.test(sql) || COPY_FROM_STDIN.test(sql);
}

function sqlShape(script: Script, transaction: ScriptShape["transaction"], sql: string): ScriptShape {
  const statements = once(async () =>
    (await parse(script, sql)).map(({ node, start, end }) => ({ node, start, sql: sql.slice(start, end) })),
  );
  return { runner: "sql", transaction, sql, statements };
}

/** The statements, parsed. Throws (exit 3) with the place of a mistake. */
async function parse(script: Script, sql: string): Promise<ParsedStatement[]> {
  const [{ loadParser, SqlSyntaxError }, { parseScript }] = await Promise.all([
    import("./parser.ts"),
    import("./parse-script.ts"),
  ]);
  const parser = await loadParser();
  try {
    return parseScript(parser, sql);
  } catch (error) {
    if (error instanceof SqlSyntaxError) {
      throw refuseAt(
        script,
        error.position,
        error.message,
        "mend the file; pgrove migrate lint        looks at all of them",
      );
    }
    throw error;
  }
}

function refuseAt(script: Script, position: number, said: string, hint: string): PgroveError {
  const message = pointAt(script, position, said);
  const place = filePlaceAt(script, position);
  return new PgroveError({ code: "migration_script", message, hint, exit: EXIT.config, place });
}

function requireBalance(script: Script, words: readonly BlockWord[]): void {
  const wrong = findUnbalanced(words);
  if (wrong === undefined) return;
  const hint = "take BEGIN and COMMIT out: each file is run as one transaction";
  throw refuseAt(script, wrong.position, wrong.said, hint);
}

/** A plain BEGIN and COMMIT with everything else between them: what pgrove does itself. */
function findPair(
  words: readonly BlockWord[],
  first: number | undefined,
  last: number | undefined,
): readonly BlockWord[] | undefined {
  const [begin, commit, more] = words;
  const isPair = begin?.plain && commit?.plain && more === undefined;
  return isPair && begin.start === first && commit.end === last ? words : undefined;
}

function blankOut(sql: string, words: readonly BlockWord[]): string {
  return words.reduce((text, { start, end }) => {
    const semicolon = /^\s*;/.exec(text.slice(end))?.[0].length ?? 0;
    const behind = end + semicolon;
    return text.slice(0, start) + blank(text.slice(start, behind)) + text.slice(behind);
  }, sql);
}

function chooseTransaction(
  script: Script,
  statements: readonly ParsedStatement[],
  words: readonly BlockWord[],
  pair: readonly BlockWord[] | undefined,
): ScriptShape["transaction"] {
  const found = statements.flatMap(({ node, start }) => {
    const what = findOutsideOnly(node);
    return what === undefined ? [] : [{ what, start }];
  });
  const inside = found.find(({ start }) => isInsideBlock(words, start));
  if (inside !== undefined) {
    throw refuseAt(
      script,
      inside.start,
      `${inside.what} cannot run inside a transaction`,
      "take it out of BEGIN … COMMIT",
    );
  }
  if (!script.transaction) return "none";
  if (words.length > 0) return pair === undefined ? "own" : "ours";
  const [first] = found;
  if (first === undefined) return "ours";
  const others = statements.filter(({ node }) => findPart(node, "VariableSetStmt") === undefined);
  if (others.length === found.length) return "none";
  throw refuseAt(
    script,
    first.start,
    `${first.what} cannot run inside a transaction, and the file holds other statements, too`,
    "put it into a migration of its own; or -- pgrove:no-transaction on the first line, and no statement is undone when a later one fails",
  );
}

/** A line of psql's own. */
const PSQL_COMMAND = /^[ \t]*\\[^\n]*/gm;
/** A function's body in the standard's way, whose BEGIN and END are none of a transaction. */
const ATOMIC_BODY = /\bbegin\s+atomic\b[\s\S]*?;\s*end\b/gi;

function readPsqlShape(script: Script): ScriptShape {
  const blanked = blankQuoted(blankRows(script.sql)).replace(PSQL_COMMAND, blank).replace(ATOMIC_BODY, blank);
  const words = findWrittenBlockWords(blanked);
  requireBalance(script, words);
  const pair = script.transaction ? findPair(words, blanked.search(/\S/), blanked.search(/;?\s*$/)) : undefined;
  const ofWords = words.length === 0 || pair !== undefined ? "ours" : "own";
  const sql = pair === undefined ? script.sql : blankOut(script.sql, pair);
  return { runner: "psql", transaction: script.transaction ? ofWords : "none", sql, statements: async () => [] };
}
