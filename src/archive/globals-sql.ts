/** What pg_dumpall says of a server's roles (`--globals-only`), and what of it a server that has some of them is told. */
import { eachStatement } from "../sql/each-statement.ts";
import { NAME, unquoteName } from "./wants.ts";

export interface RolesPlan {
  /** Those that are not there yet, with what they may, as pg_dumpall says it; passwords are not part of it. */
  roles: { name: string; rights: string; isSuperuser: boolean }[];
  /** What makes them, in that order. May hold passwords' hashes. */
  statements: string[];
  /** Those that are there, and stay as they are. */
  kept: string[];
  /** What is not taken over: tablespaces, rights on settings, memberships of those that stay. */
  leftOut: string[];
}

const CREATE = new RegExp(`^CREATE ROLE (${NAME})$`, "i");
const ALTER = new RegExp(`^ALTER ROLE (${NAME}) WITH (.+)$`, "is");
const SET = new RegExp(`^ALTER ROLE (${NAME}) SET .+$`, "is");
const COMMENT = new RegExp(`^COMMENT ON ROLE (${NAME}) IS .+$`, "is");
const MEMBER = new RegExp(`^GRANT (${NAME}) TO (${NAME})( WITH .+?)?(?: GRANTED BY (?:${NAME}))?$`, "i");
const SESSION = /^(?:SET |SELECT pg_catalog\.set_config)/i;
const PASSWORD = / PASSWORD (?:'(?:[^']|'')*'|NULL)/i;

/** A membership's options other than ADMIN are known from here on. */
const FIRST_WITH_OPTIONS = 16;

/** What is to be made on a server of that version, which has those roles; none that are `replaced` by others. Nothing but roles is made, whatever the text says. */
export function planRoles(
  sql: string,
  server: { roles: readonly string[]; replaced?: readonly string[]; major: number },
): RolesPlan {
  const replaced = new Set(server.replaced);
  const there = new Set(server.roles).union(replaced);
  const plan: RolesPlan = { roles: [], statements: [], kept: [], leftOut: [] };
  const rights = new Map<string, string>();
  const bytes = Buffer.from(sql);
  eachStatement(bytes, (text, { start, end }) => {
    const whole = bytes.subarray(start, end).toString("utf8").trim().replace(/\s*;$/, "");
    const said = text.replace(/;$/, "");
    const created = nameIn(CREATE, said);
    if (created !== undefined) {
      if (replaced.has(created)) return;
      if (there.has(created)) return void plan.kept.push(created);
      plan.roles.push({ name: created, rights: "", isSuperuser: false });
      plan.statements.push(whole);
      return;
    }
    const about = nameIn(ALTER, said) ?? nameIn(SET, said) ?? nameIn(COMMENT, said);
    if (about !== undefined) {
      if (there.has(about)) return;
      const [, , all] = ALTER.exec(whole) ?? [];
      if (all !== undefined) rights.set(about, all.replace(PASSWORD, ""));
      plan.statements.push(whole);
      return;
    }
    const [, group, member, options = ""] = MEMBER.exec(said) ?? [];
    if (group !== undefined && member !== undefined) {
      if (there.has(unquoteName(member)) || replaced.has(unquoteName(group)))
        plan.leftOut.push(`${unquoteName(member)} in ${unquoteName(group)}`);
      else plan.statements.push(`GRANT ${group} TO ${member}${optionsFor(options, server.major)}`);
      return;
    }
    if (!SESSION.test(said)) plan.leftOut.push(said.split(" ").slice(0, 3).join(" "));
  });
  for (const role of plan.roles) {
    role.rights = rights.get(role.name) ?? "";
    role.isSuperuser = /(?:^| )SUPERUSER(?: |$)/i.test(role.rights);
  }
  return plan;
}

function nameIn(pattern: RegExp, text: string): string | undefined {
  const name = pattern.exec(text)?.[1];
  return name === undefined ? undefined : unquoteName(name);
}

/** By whom a membership was given is left out: it is whoever makes it now. */
function optionsFor(options: string, major: number): string {
  if (major >= FIRST_WITH_OPTIONS) return options;
  return /ADMIN (?:OPTION|TRUE)/i.test(options) ? " WITH ADMIN OPTION" : "";
}
