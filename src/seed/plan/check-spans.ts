/** What checks say of the time between two columns: `ends <= starts + '7 days'`, `ends - starts >= '15 minutes'`. */
import type { Node } from "../../sql/parser.ts";
import type { ColumnRule } from "../rules.ts";
import { columnOf, lastName, lengthOfTime, longestLength, withoutCasts } from "./check-nodes.ts";

interface Said {
  column: string;
  rule: ColumnRule;
}

/** `ends <= starts + '7 days'`, `ends > starts + '1 hour'` */
export function readOffset(column: string, operator: string, right: Node): Said | undefined {
  const bare = withoutCasts(right);
  if (!("A_Expr" in bare) || lastName(bare.A_Expr.name) !== "+") return undefined;
  const earlier = columnOf(bare.A_Expr.lexpr);
  return earlier === undefined ? undefined : sayApart(column, earlier, operator, bare.A_Expr.rexpr);
}

/** `ends - starts <= '7 days'` */
export function readSpan(left: Node, operator: string, right: Node): Said | undefined {
  const bare = withoutCasts(left);
  if (!("A_Expr" in bare) || lastName(bare.A_Expr.name) !== "-") return undefined;
  const [later, earlier] = [columnOf(bare.A_Expr.lexpr), columnOf(bare.A_Expr.rexpr)];
  return later === undefined || earlier === undefined ? undefined : sayApart(later, earlier, operator, right);
}

function sayApart(column: string, earlier: string, operator: string, length: Node | undefined): Said | undefined {
  if (length === undefined) return undefined;
  if (/^<=?$/.test(operator)) {
    const within = lengthOfTime(length);
    return within === undefined ? undefined : { column, rule: { after: { column: earlier, strict: false, within } } };
  }
  const least = /^>=?$/.test(operator) ? longestLength(length) : undefined;
  if (least === undefined) return undefined;
  return { column, rule: { after: { column: earlier, strict: operator === ">", least } } };
}
