/** What checks say of the time between two columns: `ends <= starts + '7 days'`, `ends - starts >= '15 minutes'`. */
import { quoteIdentifier, quoteLiteral } from "../../postgres/identifier.ts";
import type { Node } from "../../sql/parser.ts";
import type { ColumnRule } from "../rules.ts";
import { columnOf, constantOf, lastName, lengthOfTime, longestLength, withoutCasts } from "./check-nodes.ts";

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
  const length = operator === "=" ? constantOf(right) : undefined;
  if (length !== undefined && later !== undefined && earlier !== undefined) return sayExactly(later, earlier, length);
  return later === undefined || earlier === undefined ? undefined : sayApart(later, earlier, operator, right);
}

/** `ends - starts = '30 minutes'`, or so many days: the later one is computed. */
function sayExactly(later: string, earlier: string, length: string): Said {
  const span = /^-?\d+$/.test(length) ? length : `interval ${quoteLiteral(length)}`;
  const expression = `${quoteIdentifier(earlier)} + ${span}`;
  return { column: later, rule: { computed: { expression, columns: [earlier] } } };
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
