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

/**
 * Whether the rows of a statement follow in the script. What stands in names and parentheses does not count: either may
 * hold the words `FROM STDIN`.
 */
export function copiesFromHere(statement: string): boolean {
  if (!/^COPY\b/i.test(statement)) return false;
  let bare = "";
  let depth = 0;
  for (const [piece] of statement.matchAll(PIECES)) {
    if (piece === "(") depth += 1;
    else if (piece === ")") depth -= 1;
    else if (depth === 0) bare += piece.startsWith('"') ? ' "" ' : piece;
    if (depth === 0 && piece === ")") bare += " ";
  }
  return FROM_HERE.test(bare);
}
