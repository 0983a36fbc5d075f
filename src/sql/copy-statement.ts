const PIECES = /"(?:[^"]|"")*"?|[()]|[^"()]+/g;
/** The first FROM or TO decides; where rows are read, STDOUT means the same as STDIN. */
const FROM_HERE = /^COPY(?=\s)(?:(?!\s(?:FROM|TO)\s).)*\sFROM\s+(?:STDIN|STDOUT)\b/i;

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
