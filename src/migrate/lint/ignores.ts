/** The comments that say which findings are meant: `-- pgrove-ignore rule[, rule]`, `-- pgrove-ignore-file [rule…]`. */

export interface Ignore {
  /** Where the comment begins, in UTF-16 units. */
  position: number;
  wholeFile: boolean;
  /** Empty: all. */
  rules: readonly string[];
  /** squawk's own spelling: it may name rules that are not known here. */
  foreign: boolean;
}

const COMMENT = /(?:--|\/\*)[ \t]*(pgrove|squawk)-ignore(-file)?(?![\w-])[ \t:]*([\w-]+(?:[ \t]*,[ \t]*[\w-]+)*)?/g;

/** The comments of a script, in their order. What stands behind the rules' names is the reason, for people. */
export function readIgnores(sql: string): Ignore[] {
  if (!sql.includes("-ignore")) return [];
  return [...sql.matchAll(COMMENT)].map(({ index, 1: tool, 2: file, 3: names }) => ({
    position: index,
    wholeFile: file !== undefined,
    rules: names === undefined ? [] : names.split(",").map((name) => name.trim()),
    foreign: tool === "squawk",
  }));
}

interface Span {
  start: number;
  end: number;
}

/** The statement that a comment is about: the one it stands in, the one before it on the same line, else the next. */
export function findCommented<S extends Span>(sql: string, statements: readonly S[], position: number): S | undefined {
  const inside = statements.find(({ start, end }) => start <= position && position < end);
  const before = statements.findLast(({ end }) => end <= position);
  const sameLine = before !== undefined && !sql.slice(before.end, position).includes("\n");
  return inside ?? (sameLine ? before : statements.find(({ start }) => start > position));
}
