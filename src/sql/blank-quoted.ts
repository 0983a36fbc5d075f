/** SQL with all that is quoted or a comment blanked out, so that a regular expression may look for words. */

/** Whatever begins a part that is to be blanked. */
const OPENING = /--|\/\*|'|"|\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/g;

/**
 * The text with spaces in place of comments, strings, quoted identifiers and dollar-quoted bodies. Length and line breaks
 * stay. What is not closed reaches to the end.
 */
export function blankQuoted(sql: string): string {
  let blanked = "";
  let done = 0;
  for (const { start, end } of findQuoted(sql)) {
    blanked += sql.slice(done, start) + blank(sql.slice(start, end));
    done = end;
  }
  return blanked + sql.slice(done);
}

/** Whether something quoted, or a comment, is still open at the end of the text. */
export function isLeftOpen(sql: string): boolean {
  const code = `${blankRows(sql)};`; // it is quoted where something is open
  for (const { end } of findQuoted(code)) if (end === code.length) return true;
  return false;
}

/** What is quoted or a comment, from its first to behind its last character. */
export function* findQuoted(sql: string): Iterable<{ start: number; end: number }> {
  OPENING.lastIndex = 0;
  for (let found = OPENING.exec(sql); found !== null; found = OPENING.exec(sql)) {
    const start = found.index;
    const opening = found[0];
    if (opening.startsWith("$") && isInsideWord(sql, start)) {
      OPENING.lastIndex = start + 1; // a$b$ is a name
      continue;
    }
    const end = findEnd(sql, start, opening);
    yield { start, end };
    OPENING.lastIndex = end;
  }
}

/** Spaces, with the line breaks of the text. */
export function blank(text: string): string {
  return text.replace(/[^\r\n]/g, " ");
}

/** Rows of COPY, from the line behind the statement to the line that ends them. */
const COPY_ROWS = /(^[ \t]*copy\b[^;]*\bfrom\s+stdin\b[^;\n]*;[^\n]*\n)([\s\S]*?)(^\\\.[ \t]*\r?$)/gim;

/** The text with spaces in place of the rows of COPY and the line that ends them: a quote there opens nothing. */
export function blankRows(sql: string): string {
  if (!/stdin/i.test(sql)) return sql;
  return sql.replace(COPY_ROWS, (_all, head: string, rows: string, end: string) => head + blank(rows) + blank(end));
}

function isInsideWord(sql: string, at: number): boolean {
  return at > 0 && /[\w$\u0080-\uffff]/.test(sql.charAt(at - 1));
}

function findEnd(sql: string, start: number, opening: string): number {
  const behind = start + opening.length;
  switch (opening) {
    case "--":
      return findLineEnd(sql, behind);
    case "/*":
      return findCommentEnd(sql, behind);
    case "'":
      return findQuoteEnd(sql, behind, "'", /(?:^|[^\w$])[eE]$/.test(sql.slice(Math.max(0, start - 2), start)));
    case '"':
      return findQuoteEnd(sql, behind, '"', false);
    default:
      return orEnd(sql, sql.indexOf(opening, behind), opening.length);
  }
}

function orEnd(sql: string, found: number, length = 0): number {
  return found < 0 ? sql.length : found + length;
}

/** A carriage return ends a line for PostgreSQL, too. */
function findLineEnd(sql: string, from: number): number {
  const end = /[\r\n]/g;
  end.lastIndex = from;
  return end.exec(sql)?.index ?? sql.length;
}

/** Comments of this kind nest in PostgreSQL. */
function findCommentEnd(sql: string, from: number): number {
  const marks = /\/\*|\*\//g;
  marks.lastIndex = from;
  let depth = 1;
  for (let mark = marks.exec(sql); mark !== null; mark = marks.exec(sql)) {
    depth += mark[0] === "/*" ? 1 : -1;
    if (depth === 0) return marks.lastIndex;
  }
  return sql.length;
}

/** A doubled quote goes on by opening the next part; a backslash counts only in E'…'. */
function findQuoteEnd(sql: string, from: number, quote: string, escapes: boolean): number {
  if (!escapes) return orEnd(sql, sql.indexOf(quote, from), 1);
  for (let at = from; at < sql.length; at++) {
    if (sql[at] === "\\") at++;
    else if (sql[at] === quote) return at + 1;
  }
  return sql.length;
}
