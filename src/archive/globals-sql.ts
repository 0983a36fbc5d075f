/** What pg_dumpall says of a server's roles (`--globals-only`), and what of it a server that has some of them is told. */
import { eachStatement } from "../sql/each-statement.ts";
import { NAME, unquoteName } from "./wants.ts";

export interface RolesPlan {
  /** Those that are not there yet, with what they may, as pg_dumpall says it; passwords are not part of it. */
  roles: PlannedRole[];
  /** What makes them, in that order. May hold passwords' hashes. */
  statements: string[];
  /** Those that are there, and stay as they are. */
  kept: string[];
  /** What is not taken over: tablespaces, rights on settings, memberships of those that stay. */
  leftOut: string[];
}

export interface PlannedRole {
  name: string;
  rights: string;
  /** The roles whose rights it has, too. */
  groups: string[];
  /** It may do everything on the server, by itself or as one of others. */
  isSuperuser: boolean;
}

/** What of the server counts. */
export interface ServerRoles {
  roles: readonly string[];
  /** Those of them that may do everything. */
  superusers: readonly string[];
  /** Those of the text that others take the place of: none of them is made. */
  replaced?: readonly string[];
  major: number;
}

const CREATE = new RegExp(`^CREATE ROLE (${NAME})$`, "i");
const ALTER = new RegExp(`^ALTER ROLE (${NAME}) WITH (.+)$`, "is");
const SET = new RegExp(`^ALTER ROLE (${NAME}) SET .+$`, "is");
const COMMENT = new RegExp(`^COMMENT ON ROLE (${NAME}) IS .+$`, "is");
const MEMBER = new RegExp(`^GRANT (${NAME}) TO (${NAME})( WITH .+?)?(?: GRANTED BY (?:${NAME}))?$`, "i");
const SESSION = /^(?:SET |SELECT pg_catalog\.set_config)/i;
const PASSWORD = / PASSWORD (?:''|NULL)/gi;
/** Members of these have a shell on the server's machine, or write its files. */
const AS_GOOD_AS_SUPERUSERS = new Set(["pg_execute_server_program", "pg_write_server_files"]);

/** A membership's options other than ADMIN are known from here on. */
const FIRST_WITH_OPTIONS = 16;

/**
 * What is to be made on a server of that version, which has those roles. Nothing but roles is made, whatever the text says,
 * and it has its say about those alone that it makes: a name that is none of them could mean one that is there.
 */
export function planRoles(sql: string, server: ServerRoles): RolesPlan {
  const planner = new RolesPlanner(server);
  const bytes = Buffer.from(sql);
  eachStatement(bytes, (text, { start, end }) => {
    const whole = bytes.subarray(start, end).toString("utf8").trim().replace(/\s*;$/, "");
    planner.add(text.replace(/;$/, ""), whole);
  });
  return planner.finish();
}

class RolesPlanner {
  private readonly made = new Map<string, PlannedRole>();
  private readonly there: ReadonlySet<string>;
  private readonly replaced: ReadonlySet<string>;
  private readonly plan: Omit<RolesPlan, "roles"> = { statements: [], kept: [], leftOut: [] };
  private readonly server: ServerRoles;

  constructor(server: ServerRoles) {
    this.server = server;
    this.there = new Set(server.roles);
    this.replaced = new Set(server.replaced);
  }

  /** `said` is the statement without what its strings and comments hold. */
  add(said: string, whole: string): void {
    const created = nameIn(CREATE, said);
    const about = nameIn(ALTER, said) ?? nameIn(SET, said) ?? nameIn(COMMENT, said);
    const [, group, member, options = ""] = MEMBER.exec(said) ?? [];
    if (created !== undefined) this.create(created, whole);
    else if (about !== undefined) this.change(about, said, whole);
    else if (group !== undefined && member !== undefined) this.join(group, member, options);
    else if (!SESSION.test(said)) this.leaveOut(said);
  }

  finish(): RolesPlan {
    const mighty = new Set([...this.server.superusers, ...AS_GOOD_AS_SUPERUSERS]);
    const roles = [...this.made.values()];
    for (const { name, rights } of roles) if (/(?:^| )SUPERUSER(?: |$)/i.test(rights)) mighty.add(name);
    for (let before = -1; before < mighty.size; ) {
      before = mighty.size;
      for (const { name, groups } of roles) if (groups.some((group) => mighty.has(group))) mighty.add(name);
    }
    return { ...this.plan, roles: roles.map((role) => ({ ...role, isSuperuser: mighty.has(role.name) })) };
  }

  private create(name: string, whole: string): void {
    if (this.replaced.has(name)) return;
    if (this.there.has(name)) return void this.plan.kept.push(name);
    this.made.set(name, { name, rights: "", groups: [], isSuperuser: false });
    this.plan.statements.push(whole);
  }

  private change(name: string, said: string, whole: string): void {
    const role = this.made.get(name);
    if (role === undefined) {
      if (!this.there.has(name) && !this.replaced.has(name)) this.leaveOut(said);
      return;
    }
    const more = ALTER.exec(said)?.[2] ?? "";
    role.rights = `${role.rights} ${` ${more}`.replace(PASSWORD, "").trim()}`.trim();
    this.plan.statements.push(whole);
  }

  private join(group: string, member: string, options: string): void {
    const role = this.made.get(roleNamed(member));
    if (role === undefined || this.replaced.has(roleNamed(group)))
      return void this.plan.leftOut.push(`${roleNamed(member)} in ${roleNamed(group)}`);
    role.groups.push(roleNamed(group));
    this.plan.statements.push(`GRANT ${group} TO ${member}${optionsFor(options, this.server.major)}`);
  }

  private leaveOut(said: string): void {
    this.plan.leftOut.push(said.split(" ").slice(0, 3).join(" "));
  }
}

function nameIn(pattern: RegExp, text: string): string | undefined {
  const name = pattern.exec(text)?.[1];
  return name === undefined ? undefined : roleNamed(name);
}

/** The role that the server takes it for: a bare name is one in small letters. */
function roleNamed(name: string): string {
  return name.startsWith('"') ? unquoteName(name) : name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** By whom a membership was given is left out: it is whoever makes it now. */
function optionsFor(options: string, major: number): string {
  if (major >= FIRST_WITH_OPTIONS) return options;
  return /ADMIN (?:OPTION|TRUE)/i.test(options) ? " WITH ADMIN OPTION" : "";
}
