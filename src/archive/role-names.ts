/** Where the statements of a dump name roles that own, grant or are granted something: the tokens, and no others. */
import { quoteIdentifier, quoteLiteral } from "../postgres/identifier.ts";
import type { Place } from "../sql/listener.ts";
import { readTokens, type SqlToken } from "../sql/tokens.ts";

/** Whose things go to whom: from a role as the dump names it to one of the server. */
export type RoleMap = ReadonlyMap<string, string>;

/** A role's name where it stands in a statement, in bytes. */
export interface RoleName extends Place {
  /** The name itself. */
  role: string;
  /** Whether it stands there as a string. */
  isString: boolean;
}

/*
 * A statement is read as its shape: tokens with one blank between them, `"` for a quoted name, `'` for a string, 0 for a
 * number. So what is quoted is never taken for one of SQL's own words, and no form matches by what a string holds.
 */
const W = String.raw`(?:[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|")`;
const LIST = `(?:GROUP )?${W}(?: , (?:GROUP )?${W})*`;
const QUALIFIED = `${W}(?: \\. ${W})*`;
const OPERATOR = `(?:${W} \\. )*[-+*/<>=~!@#%^&|\`?](?: [-+*/<>=~!@#%^&|\`?])*`;
const KIND = [
  ...["TABLE", "FOREIGN TABLE", "VIEW", "MATERIALIZED VIEW", "SEQUENCE", "INDEX", "TYPE", "DOMAIN", "SCHEMA"],
  ...["COLLATION", "CONVERSION", "TEXT SEARCH CONFIGURATION", "TEXT SEARCH DICTIONARY", "STATISTICS"],
  ...["PUBLICATION", "SUBSCRIPTION", "SERVER", "FOREIGN DATA WRAPPER", "EVENT TRIGGER", "LANGUAGE"],
  ...["PROCEDURAL LANGUAGE", "LARGE OBJECT", "FUNCTION", "PROCEDURE", "ROUTINE", "AGGREGATE", "OPERATOR"],
  ...["OPERATOR CLASS", "OPERATOR FAMILY", "DATABASE"],
].join("|");
const END = "(?: ;)?$";
const GRANTEES =
  `(?:GRANT|REVOKE) .+ ON .+ (?:TO|FROM) (${LIST})` +
  `(?: WITH GRANT OPTION)?(?: GRANTED BY (${W}))?(?: (?:CASCADE|RESTRICT))?${END}`;

/** Each group of a form is a role, or a list of them. */
const FORMS = [
  `^ALTER (?:${KIND}) (?:IF EXISTS )?(?:ONLY )?(?:0|${QUALIFIED}|${OPERATOR})(?: \\( .+ \\)| \\( \\))?(?: USING ${W})? OWNER TO (${W})${END}`,
  `^${GRANTEES}`,
  `^ALTER DEFAULT PRIVILEGES (?:FOR (?:ROLE|USER) (${LIST}) )?(?:IN SCHEMA ${LIST} )?${GRANTEES}`,
  `^(?:CREATE|ALTER) POLICY ${W} ON ${QUALIFIED}(?: AS ${W})?(?: FOR ${W})? TO (${LIST})(?: USING \\(.*| WITH CHECK \\(.*)?${END}`,
  `^(?:CREATE|ALTER|DROP) USER MAPPING (?:IF (?:NOT )?EXISTS )?FOR (${W}) SERVER `,
  `^CREATE SCHEMA (?:IF NOT EXISTS )?${W} AUTHORIZATION (${W})(?: |$)`,
  `^SET (?:(?:SESSION|LOCAL) )?(?:SESSION AUTHORIZATION|ROLE) (${W}|')${END}`,
].map((form) => new RegExp(form, "di"));

/** Statements of other words name no roles. */
const FIRST = /^(?:ALTER|GRANT|REVOKE|SET\s+(?:SESSION|LOCAL|ROLE)|(?:CREATE|DROP)\s+(?:SCHEMA|POLICY|USER))\b/i;

/** Unquoted, they are whoever works, everybody, or nobody. */
const NO_ROLES = /^(?:public|current_user|current_role|session_user|user|default|none|group)$/;

/** Whether a statement of the lexer may name roles. */
export function mayNameRoles(text: string): boolean {
  return FIRST.test(text);
}

/** The roles that a statement, as it stands in a dump, names. */
export function findRoleNames(statement: Uint8Array): RoleName[] {
  const sql = Buffer.from(statement.buffer, statement.byteOffset, statement.length).toString("latin1");
  const tokens = readTokens(sql);
  const starts: number[] = [];
  let shape = "";
  for (const token of tokens) {
    starts.push(shape.length);
    shape += `${shapeOf(sql, token)} `;
  }
  shape = shape.trimEnd();
  for (const form of FORMS) {
    const found = form.exec(shape)?.indices;
    if (found === undefined) continue;
    const within = (at: number) => found.slice(1).some((place) => place && at >= place[0] && at < place[1]);
    return tokens.filter((_, index) => within(starts[index] ?? -1)).flatMap((token) => roleOf(sql, token));
  }
  return [];
}

function shapeOf(sql: string, { kind, start, end }: SqlToken): string {
  if (kind === "name") return '"';
  if (kind === "string") return "'";
  return kind === "number" ? "0" : sql.slice(start, end);
}

function roleOf(sql: string, { kind, start, end }: SqlToken): RoleName[] {
  if (kind === "sign") return [];
  const text = Buffer.from(sql.slice(start, end), "latin1").toString("utf8");
  if (kind === "word") {
    const role = text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
    return NO_ROLES.test(role) ? [] : [{ role, start, end, isString: false }];
  }
  const quote = text.charAt(0);
  const role = text.slice(1, -1).replaceAll(quote + quote, quote);
  return [{ role, start, end, isString: kind === "string" }];
}

/** The role's name as it stands in place of another. */
export function writeRole(role: string, { isString }: Pick<RoleName, "isString">): string {
  return isString ? quoteLiteral(role) : quoteIdentifier(role);
}
