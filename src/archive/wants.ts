/** What the statements of a dump ask of the server and of the login that loads it. */
import { eachStatement } from "../sql/each-statement.ts";

/**
 * object: something that a server may lack, or that not everybody may make. owner, session: whom something belongs to. grant:
 * who may use it. setting: what is set, for the session or by a function. role: what names a role and cannot go without.
 */
export type WantKind = "object" | "owner" | "session" | "grant" | "setting" | "role";

export interface Want {
  kind: WantKind;
  /** What it is about: `extension citext`, `event trigger t`, `policy p on public.t`; "" where that does not count. */
  object: string;
  /** The roles that have to be there. */
  roles: readonly string[];
  /** Only a superuser may. */
  superuser: boolean;
  /** The settings that it sets. */
  settings: readonly string[];
}

/** In which tablespaces something lies: as the object of a want. */
export const TABLESPACES = "tablespaces";

const SUBSCRIPTION = "subscription ";

/** Whether it is about a subscription: what is restored or copied never connects to a publisher. */
export function isOfSubscription({ object }: Pick<Want, "object">): boolean {
  return object.startsWith(SUBSCRIPTION);
}

/** The subscriptions that a dump makes, or says something of. */
export function subscriptionsIn(wants: readonly Want[]): string[] {
  return [...new Set(wants.filter(isOfSubscription).map(({ object }) => object.slice(SUBSCRIPTION.length)))];
}

/** What is not taken of a dump. */
export interface Skipping {
  owners: boolean;
  grants: boolean;
  /** As wants name them. */
  objects: ReadonlySet<string>;
}

/** Whether a statement that asks for that is left out. */
export function isSkipped({ kind, object }: Want, { owners, grants, objects }: Skipping): boolean {
  if (objects.has(object)) return true;
  return kind === "owner" || kind === "session" ? owners : kind === "grant" && grants;
}

/** A name as it stands in a statement of the lexer. */
export const NAME = String.raw`"(?:[^"]|"")+"|[^\s;,"()']+`;
const NAME_LIST = `(?:${NAME})(?:, (?:${NAME}))*`;
/** One that nothing qualifies. */
export const PART = String.raw`(?:"(?:[^"]|"")+"|[^\s;,"()'.]+)`;
const QUALIFIED = String.raw`${PART}(?:\.${PART})*`;

const none = { object: "", roles: [], superuser: false, settings: [] } as const;

/** Objects of a database that have no schema, and are named by their kind. */
const OBJECT = new RegExp(
  `^(?:CREATE|ALTER|DROP|COMMENT ON) (EXTENSION|EVENT TRIGGER|PUBLICATION|SUBSCRIPTION|FOREIGN DATA WRAPPER|ACCESS METHOD) ` +
    `(?:IF (?:NOT )?EXISTS )?(${PART})(.*)$`,
  "i",
);
const OPERATORS = new RegExp(`^(?:CREATE|ALTER|COMMENT ON) (OPERATOR (?:CLASS|FAMILY)) (${QUALIFIED})(.*)$`, "i");
const POLICY = new RegExp(`^(?:CREATE|ALTER|COMMENT ON) POLICY (${PART}) ON (${QUALIFIED})(.*)$`, "i");
const POLICY_ROLES = new RegExp(`^(?: AS \\w+)?(?: FOR \\w+)? TO (${NAME_LIST})(?: |$)`, "i");
/** Of labels the provider is told, which is an extension's library. */
const LABEL = new RegExp(`^SECURITY LABEL FOR (${PART}) ON `, "i");
const SUBSCRIPTION_LABEL = new RegExp(`^SECURITY LABEL (?:FOR \\S+ )?ON SUBSCRIPTION (${PART}) IS`, "i");
const MAPPING = new RegExp(`^(?:CREATE|ALTER) USER MAPPING FOR (${NAME}) SERVER (${PART})`, "i");
const OWNER = new RegExp(`^ALTER .+ OWNER TO (${NAME})$`, "i");
const OWNED = new RegExp(`^(?:DROP|REASSIGN) OWNED BY (${NAME_LIST})(?: TO (${NAME}))?(?: CASCADE| RESTRICT)?$`, "i");
/** The settings that say who works are statements of their own, and may stand in a function as well. */
const SESSION = /^SET (?:SESSION |LOCAL )?(?:SESSION AUTHORIZATION|ROLE) (?:TO )?(.+?)\s*;?$/is;
const NOBODY = new Set(["DEFAULT", "NONE"]);
const SCHEMA = new RegExp(`^CREATE SCHEMA (${PART})$`, "i");
const SCHEMA_OF = new RegExp(`^CREATE SCHEMA .*\\bAUTHORIZATION (${NAME})`, "i");
/** They stand for whoever works, or for everybody. */
const NO_ROLES = new Set(["PUBLIC", "CURRENT_USER", "CURRENT_ROLE", "SESSION_USER"]);
const DEFAULTS = new RegExp(`^ALTER DEFAULT PRIVILEGES (?:FOR (?:ROLE|USER) (${NAME}) )?`, "i");
const GRANT = new RegExp(
  `^(?:GRANT|REVOKE) .+ (?:TO|FROM) (${NAME_LIST})(?: WITH (?:GRANT|ADMIN) OPTION)?(?: GRANTED BY (${NAME}))?(?: CASCADE| RESTRICT)?$`,
  "i",
);
const SETTING = /^SET (?:SESSION )?(\w+(?:\.\w+)*) (?:=|TO) /i;
const ROUTINE = /^CREATE (?:OR REPLACE )?(FUNCTION|PROCEDURE) /i;
const OF_ROUTINE = /\sSET (\w+(?:\.\w+)*) (?:TO|=) /g;
const ROLE_OF_ROUTINE = new RegExp(String.raw`\sSET\s+ROLE\s+(?:TO|=)\s+('(?:[^']|'')+'|${NAME})`, "i");
const MEMBERS = new RegExp(`^(?:GRANT|REVOKE) (?:ADMIN OPTION FOR )?(${NAME_LIST}) (?:TO|FROM) `, "i");

/** What only a superuser does, and no login of fewer rights is given: in words for people. */
const OF_SUPERUSERS: readonly (readonly [RegExp, (name: string) => string])[] = [
  [/^COPY .+ (?:FROM|TO) PROGRAM\b/i, () => "COPY … PROGRAM"],
  [/^COPY .+ (?:FROM|TO) '/i, () => "COPY of a file of the server's"],
  [/^ALTER SYSTEM\b/i, () => "ALTER SYSTEM"],
  [/^(?:CREATE|ALTER|DROP) (?:ROLE|USER(?! MAPPING\b)|GROUP) (.+)$/i, (rest) => `role ${rest.split(" ")[0]}`],
  [/^(?:CREATE|ALTER|DROP) TABLESPACE (\S+)/i, (name) => `tablespace ${name}`],
  [/^LOAD '/i, () => "LOAD"],
  [
    /^CREATE (?:OR REPLACE )?(?:FUNCTION|PROCEDURE) ([^\s(]+).*?\sLANGUAGE (?:c|internal|"c"|"internal"|'|\w+u\b)/i,
    (name) => `function ${name}, which is not in SQL or a trusted language`,
  ],
  [/^CREATE (?:OR REPLACE )?(?:FUNCTION|PROCEDURE) ([^\s(]+).*\sLEAKPROOF\b/i, (name) => `leakproof function ${name}`],
  [/^CREATE TYPE (\S+) \(.*\bINPUT =/i, (name) => `base type ${name}`],
  [/^CREATE CAST (\(.+\)) WITHOUT FUNCTION/i, (name) => `cast ${name} without a function`],
  [/^CREATE TEXT SEARCH (?:PARSER|TEMPLATE) (\S+)/i, (name) => `text search parser or template ${name}`],
];

function ofSuperusers(text: string): Want | undefined {
  for (const [form, words] of OF_SUPERUSERS) {
    const [found, name = ""] = form.exec(text) ?? [];
    if (found !== undefined) return { ...none, kind: "object", object: words(name), superuser: true };
  }
  return undefined;
}

/** Objects that only a superuser makes; of publications, those of more than named tables. */
const BY_SUPERUSERS = new Set(["event trigger", "foreign data wrapper", "access method"]);
const WIDE = /^ FOR (?:ALL TABLES|TABLES IN SCHEMA)|^ ADD TABLES IN SCHEMA/i;

/**
 * What one statement of the lexer asks for; undefined where that is nothing of note. PUBLIC is no role. `whole` is the
 * statement with what its strings hold.
 */
export function wantOf(text: string, whole: () => string): Want | undefined {
  const forbidden = ofSuperusers(text);
  if (forbidden !== undefined) return forbidden;
  switch (/^\w+/.exec(text)?.[0].toUpperCase()) {
    case "GRANT":
    case "REVOKE":
      return grantOf(text, undefined);
    case "SET":
      return setOf(text, whole);
    case "ALTER":
      return alterationOf(text);
    case "CREATE":
      return ROUTINE.test(text) ? routineOf(text, whole) : (objectOf(text) ?? schemaOf(text));
    case "REASSIGN":
    case "DROP":
    case "COMMENT":
      return ownedOf(text) ?? objectOf(text);
    case "SECURITY":
      return labelOf(text);
    default:
      return undefined;
  }
}

function alterationOf(text: string): Want | undefined {
  const [head, role] = DEFAULTS.exec(text) ?? [];
  if (head !== undefined) return grantOf(text.slice(head.length).replace(/^IN SCHEMA .+? (?=GRANT|REVOKE)/i, ""), role);
  const about = objectOf(text);
  const owner = OWNER.exec(text)?.[1];
  if (owner === undefined) return about;
  return { ...none, kind: "owner", object: about?.object ?? "", roles: rolesIn(owner) };
}

function schemaOf(text: string): Want | undefined {
  const role = SCHEMA_OF.exec(text)?.[1];
  if (role !== undefined) return { ...none, kind: "role", roles: rolesIn(role) };
  const name = SCHEMA.exec(text)?.[1];
  return name === undefined ? undefined : { ...none, kind: "object", object: `schema ${unquoteName(name)}` };
}

function ownedOf(text: string): Want | undefined {
  const [, owners, heir = ""] = OWNED.exec(text) ?? [];
  return owners === undefined ? undefined : { ...none, kind: "owner", roles: [owners, heir].flatMap(rolesIn) };
}

function routineOf(text: string, whole: () => string): Want | undefined {
  const settings = [...text.matchAll(OF_ROUTINE)].map(([, name = ""]) => name);
  if (settings.length === 0) return undefined;
  const isOfRole = settings.some((name) => name.toLowerCase() === "role");
  const role = isOfRole ? ROLE_OF_ROUTINE.exec(whole())?.[1] : undefined;
  const roles = role === undefined || NOBODY.has(role.toUpperCase()) ? [] : [unquoteName(unquoteText(role))];
  return { ...none, kind: "setting", settings, roles };
}

function objectOf(text: string): Want | undefined {
  const [, kind, name, rest = ""] = OBJECT.exec(text) ?? OPERATORS.exec(text) ?? [];
  if (kind !== undefined && name !== undefined) {
    const what = kind.toLowerCase();
    const superuser = /^CREATE|^ALTER PUBLICATION/i.test(text) && isBySuperusers(what, rest);
    return { ...none, kind: "object", object: `${what} ${unquoteName(name)}`, superuser };
  }
  const [, policy, table, behind = ""] = POLICY.exec(text) ?? [];
  if (policy !== undefined) {
    const roles = rolesIn(POLICY_ROLES.exec(behind)?.[1] ?? "");
    return { ...none, kind: "object", object: `policy ${unquoteName(policy)} on ${table}`, roles };
  }
  const [, role, server] = MAPPING.exec(text) ?? [];
  if (role === undefined) return undefined;
  return {
    ...none,
    kind: "object",
    object: `user mapping of ${unquoteName(role)} for ${server}`,
    roles: rolesIn(role),
  };
}

/** It goes with the extension of the provider's name, or with what is never taken. */
function labelOf(text: string): Want | undefined {
  const subscription = SUBSCRIPTION_LABEL.exec(text)?.[1];
  if (subscription !== undefined) {
    return { ...none, kind: "object", object: `${SUBSCRIPTION}${unquoteName(subscription)}` };
  }
  const provider = LABEL.exec(text)?.[1];
  return provider === undefined
    ? undefined
    : { ...none, kind: "object", object: `extension ${unquoteName(provider).replace(/^'|'$/g, "")}` };
}

function isBySuperusers(what: string, rest: string): boolean {
  if (what === "publication") return WIDE.test(rest);
  return BY_SUPERUSERS.has(what) || what.startsWith("operator ");
}

function grantOf(text: string, role: string | undefined): Want {
  const [, grantees = "", grantor = ""] = GRANT.exec(text) ?? [];
  const granted = MEMBERS.exec(text)?.[1] ?? "";
  return { ...none, kind: "grant", roles: [role ?? "", granted, grantees, grantor].flatMap(rolesIn) };
}

function setOf(text: string, whole: () => string): Want | undefined {
  if (SESSION.test(text)) {
    const role = SESSION.exec(whole())?.[1] ?? "";
    if (NOBODY.has(role.toUpperCase())) return undefined;
    const superuser = /^SET (?:SESSION |LOCAL )?SESSION AUTHORIZATION/i.test(text);
    return { ...none, kind: "session", roles: [unquoteName(unquoteText(role))], superuser };
  }
  const name = SETTING.exec(text)?.[1];
  if (name?.toLowerCase() === "default_tablespace") return { ...none, kind: "object", object: TABLESPACES };
  return name === undefined ? undefined : { ...none, kind: "setting", settings: [name] };
}

function rolesIn(list: string): string[] {
  const names = list.match(new RegExp(NAME, "g")) ?? [];
  return names.filter((name) => !NO_ROLES.has(name.toUpperCase())).map(unquoteName);
}

/** What each statement of a script asks for. */
export function wantsOfSql(sql: string): Want[] {
  const bytes = Buffer.from(sql);
  const wants: Want[] = [];
  eachStatement(bytes, (text, { start, end }) => {
    const want = wantOf(text, () => bytes.toString("utf8", start, end));
    if (want !== undefined) wants.push(want);
  });
  return wants;
}

/** Wants without those that say the same: of owners and grants there are thousands. */
export class WantList {
  private readonly found = new Map<string, Want>();

  add(want: Want): void {
    this.found.set(JSON.stringify(Object.values(want)), want);
  }

  get all(): Want[] {
    return [...this.found.values()];
  }
}

function unquoteText(text: string): string {
  return text.startsWith("'") ? text.slice(1, -1).replaceAll("''", "'") : text;
}

/** A quoted or bare name as the name itself. */
export function unquoteName(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
}
