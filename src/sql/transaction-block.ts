/** BEGIN and COMMIT inside a migration: how many there are, and whether each begin has its end. */

import { findPart } from "./nodes.ts";
import type { ParsedStatement } from "./parser.ts";

/** A statement that begins or ends a transaction. */
export interface BlockWord {
  kind: "begin" | "end";
  /** A bare BEGIN or COMMIT, which means nothing but that all of it is one transaction. */
  plain: boolean;
  /** COMMIT AND CHAIN begins the next one at once. */
  chain: boolean;
  start: number;
  end: number;
}

const BEGINS = new Set(["TRANS_STMT_BEGIN", "TRANS_STMT_START"]);
const ENDS = new Set(["TRANS_STMT_COMMIT", "TRANS_STMT_ROLLBACK", "TRANS_STMT_PREPARE"]);

/** The ones among parsed statements. Savepoints are none. */
export function findBlockWords(statements: readonly ParsedStatement[]): BlockWord[] {
  return statements.flatMap(({ node, start, end }): BlockWord[] => {
    const transaction = findPart(node, "TransactionStmt");
    const { kind = "", chain = false } = transaction ?? {};
    if (BEGINS.has(kind)) return [{ kind: "begin", plain: transaction?.options === undefined, chain, start, end }];
    return ENDS.has(kind) ? [{ kind: "end", plain: kind === "TRANS_STMT_COMMIT" && !chain, chain, start, end }] : [];
  });
}

const WRITTEN = /(?<=^|;)\s*(?:(begin|start\s+transaction)|(commit|end)|(?:rollback|abort))\b([^;]*)/gi;

/** The ones in the text of a psql script, which cannot be parsed; all that is quoted is blank in it. */
export function findWrittenBlockWords(blanked: string): BlockWord[] {
  return [...blanked.matchAll(WRITTEN)].flatMap((found): BlockWord[] => {
    const [all, begin, commit, rest = ""] = found;
    if (begin === undefined && /^\s*(?:work|transaction)?\s*to\b|^\s*prepared\b/i.test(rest)) return []; // a savepoint
    const start = found.index + all.search(/\S/);
    const chain = /\band\s+chain\b/i.test(rest);
    const bare = /^\s*(?:work|transaction)?\s*$/i.test(rest);
    const plain = bare && (begin ?? commit) !== undefined;
    return [{ kind: begin === undefined ? "end" : "begin", plain, chain, start, end: found.index + all.length }];
  });
}

/** The first one without its counterpart; undefined when every transaction that is begun is ended. */
export function findUnbalanced(words: readonly BlockWord[]): { position: number; said: string } | undefined {
  let open: BlockWord | undefined;
  for (const word of words) {
    if (word.kind === "begin" && open !== undefined) {
      return { position: word.start, said: "a transaction begins inside another one" };
    }
    if (word.kind === "end" && open === undefined) {
      return { position: word.start, said: "a transaction ends that was not begun here" };
    }
    open = word.kind === "begin" || word.chain ? word : undefined;
  }
  return open && { position: open.start, said: "a transaction begins here and is not ended" };
}

/** Whether a statement at this position runs inside one of the transactions. */
export function isInsideBlock(words: readonly BlockWord[], position: number): boolean {
  const before = words.findLast(({ start }) => start < position);
  return before !== undefined && (before.kind === "begin" || before.chain);
}
