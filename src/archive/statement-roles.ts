/** The roles that SQL written by pg_dump needs: owners, those that are granted something, and those of policies. */
import { eachStatement } from "../sql/each-statement.ts";

/** A name as it stands in a statement of the lexer. */
export const NAME = String.raw`"(?:[^"]|"")+"|[^\s;,"()']+`;

const LISTS = [
  new RegExp(`^ALTER .+ OWNER TO (${NAME})$`, "i"),
  new RegExp(`^(?:ALTER DEFAULT PRIVILEGES .*)?GRANT .+ TO (${NAME})(?: WITH GRANT OPTION)?$`, "i"),
  new RegExp(`^CREATE POLICY .+ TO ((?:${NAME})(?:, (?:${NAME}))*)(?: USING .*| WITH CHECK .*)?$`, "i"),
  new RegExp(`^CREATE USER MAPPING FOR (${NAME}) `, "i"),
];

/** The roles of one statement; PUBLIC is none. */
export function rolesOfStatement(text: string): string[] {
  const list = LISTS.map((form) => form.exec(text)?.[1]).find((found) => found !== undefined) ?? "";
  const names = list.match(new RegExp(NAME, "g")) ?? [];
  return names.filter((name) => name.toUpperCase() !== "PUBLIC").map(unquoteName);
}

/** The roles of a script. */
export function rolesOfSql(sql: string): string[] {
  const roles: string[] = [];
  eachStatement(Buffer.from(sql), (text) => void roles.push(...rolesOfStatement(text)));
  return roles;
}

/** A quoted or bare name as the name itself. */
export function unquoteName(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
}
