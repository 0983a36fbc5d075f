import { MOST_TEXT } from "./statement-text.ts";

const PIECES = /"(?:[^"]|"")*"?|[()]|[^"()]+/g;
/**
 * The first FROM or TO decides; where rows are read, STDOUT means the same as STDIN. Only a blank is one: what else looks
 * like a space or a line's end is a letter of a name for PostgreSQL.
 */
const BLANK = "[ \\t\\n\\r\\f\\v]";
const FROM_HERE = new RegExp(
  `^COPY(?=${BLANK})(?:(?!${BLANK}(?:FROM|TO)${BLANK}).)*${BLANK}FROM${BLANK}+(?:STDIN|STDOUT)(?![\\w$\\u0080-\\uffff])`,
  "is",
);

const FROM_STD = new RegExp(`\\bFROM${BLANK}+(?:STDIN|STDOUT)(?![\\w$\\u0080-\\uffff])`, "i");
/** What psql passes over when it looks for a statement's first word: literals, quoted names, numbers, variables, signs. */
const BEFORE_WORDS =
  /^(?:(?:[ENBX]|U&)?''|(?:U& )?""|[$:]?[0-9][\w$\u0080-\uffff]*|:[\w\u0080-\uffff]+|[^\w"'\u0080-\uffff])+/i;
const COPY = /^COPY(?![\w$\u0080-\uffff])/i;

/**
 * Whether the rows of a statement follow in the script. What stands in names and parentheses does not count: either may
 * hold the words `FROM STDIN`. `unclear` hears of what psql may take for such a statement, and PostgreSQL does not: newer
 * psqls pass over the rows of one that has failed.
 */
export function copiesFromHere(statement: string, unclear: (what: string) => void): boolean {
  const isCopy = /^COPY\b/i.test(statement);
  if (isCopy && statement.length >= MOST_TEXT) unclear("a COPY that is too long to be read");
  if (!FROM_STD.test(statement)) return false;
  const bare = withoutParts(statement);
  if (isCopy && FROM_HERE.test(bare)) return true;
  if (FROM_STD.test(bare) && COPY.test(bare.replace(BEFORE_WORDS, "")))
    unclear("a statement that is a COPY for psql alone");
  return false;
}

function withoutParts(statement: string): string {
  let bare = "";
  let depth = 0;
  for (const [piece] of statement.matchAll(PIECES)) {
    if (piece === "(") depth += 1;
    else if (piece === ")") depth = Math.max(0, depth - 1);
    else if (depth === 0) bare += piece.startsWith('"') ? ' "" ' : piece;
    if (depth === 0 && piece === ")") bare += " ";
  }
  return bare;
}
