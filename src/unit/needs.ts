/** What a database needs of the server that it comes to, and of the login that brings it there. */
import { EXIT, PgroveError } from "../errors.ts";
import { isForbiddenSetting, readVersionNumber } from "../postgres/changeable-settings.ts";
import type { Sql, Toolbox } from "../postgres/toolbox.ts";

export interface ServerFacts {
  versionNumber: number;
  login: string;
  /** Who makes what the login may not, once that was agreed to. */
  administrator?: string;
  /** The login is a superuser, or in a role that a provider gives some of a superuser's rights: what it may is tried. */
  mayAll: boolean;
  roles: string[];
  superusers: string[];
  /** Those that the login may give something to. */
  ownRoles: string[];
  extensions: string[];
  /** Of these, the ones that the login may create. */
  ownExtensions: string[];
  tablespaces: string[];
  /** Settings that the login may not change. */
  forbiddenSettings: string[];
  dataDirectory: string | null;
}

/** Roles of that name are what providers have in place of superusers. */
const NEARLY_SUPERUSERS = "(super_?user|(pg|rds|do|supabase)_?admin|privileged_role)$";

/** What the control session's server has, and what the login that loads may do there. */
export async function readServerFacts(
  control: Sql,
  { user, administrator }: Pick<Toolbox, "user" | "administrator">,
): Promise<ServerFacts> {
  const version = await readVersionNumber(control);
  const [row] = await control<{ facts: ServerFacts }[]>`
    with login as (
      select rolsuper, ${version}::int as version,
             rolsuper or exists (select 1 from pg_roles r where r.rolname ~* ${NEARLY_SUPERUSERS}
                                  and pg_has_role(${user}, r.oid, 'MEMBER')) as may_all
        from pg_roles where rolname = ${user})
    select json_build_object(
      'versionNumber', version, 'login', ${user}::text, 'mayAll', may_all,
      'roles', (select coalesce(json_agg(rolname), '[]'::json) from pg_roles),
      'superusers', (select coalesce(json_agg(rolname), '[]'::json) from pg_roles where rolsuper),
      'ownRoles', (select coalesce(json_agg(rolname), '[]'::json) from pg_roles r
                    where pg_has_role(${user}, r.oid, case when version >= 160000 then 'SET' else 'MEMBER' end)),
      'extensions', (select coalesce(json_agg(name), '[]'::json) from pg_available_extensions),
      'ownExtensions', (select coalesce(json_agg(a.name), '[]'::json) from pg_available_extensions a
                          join pg_available_extension_versions v on v.name = a.name and v.version = a.default_version
                         where may_all or v.trusted or not v.superuser),
      'tablespaces', (select coalesce(json_agg(spcname), '[]'::json) from pg_tablespace),
      'forbiddenSettings', (select coalesce(json_agg(name), '[]'::json) from pg_settings p
                             where not may_all and ${isForbiddenSetting(control, version, user)}),
      'dataDirectory', case when pg_has_role('pg_read_all_settings', 'MEMBER')
                            then current_setting('data_directory') end) as facts
      from login`;
  if (row === undefined) throw new Error("the server told nothing of itself");
  return { ...row.facts, ...(administrator === undefined ? {} : { administrator }) };
}

/** What a database needs of its server. */
export interface Needs {
  /** For people: whose needs these are. */
  what: string;
  roles: readonly string[];
  /** Of these, the ones that something is given to. */
  owners: readonly string[];
  extensions: readonly string[];
  /** Of these, the ones that the administrator creates. */
  elevatedExtensions?: readonly string[];
  tablespaces: readonly string[];
  /** Those that the server has not, each with its reason. */
  missingCollations: readonly string[];
  /** What only superusers make or do: `event trigger audit`. */
  superuser: readonly string[];
  /** What would belong to a role that may not own it. */
  unfit: readonly string[];
  settings: readonly string[];
  /** The ways that do without. */
  without: {
    /** `, or restore without …`; "" where there is none. */
    roles: string;
    extensions: string;
    superuser: string;
    tablespaces: string;
  };
}

/** Owners that stand for whoever owns the database. */
const STANDS_FOR_OWNER = "pg_database_owner";

/** Throws (exit 4) when the server lacks something or the login may not do something, naming all of it. */
export function requirePresent(facts: ServerFacts, label: string, needs: Needs): void {
  const { login } = facts;
  const lines: string[] = [];
  const ways: string[] = [];
  const check = (what: string, names: readonly string[], isThere: (name: string) => boolean, way: string) => {
    const missing = [...new Set(names)].filter((name) => !isThere(name));
    if (missing.length === 0) return;
    lines.push(`${what}: ${missing.join(", ")}`);
    ways.push(way);
  };
  const among = (list: readonly string[]) => (name: string) => list.includes(name);
  const { without } = needs;
  check("roles", needs.roles, among(facts.roles), `create the roles (createuser)${without.roles}`);
  check(
    `roles that ${login} is not in, and so may not give anything to`,
    needs.owners.filter(among(facts.roles)),
    (name) => facts.mayAll || name === STANDS_FOR_OWNER || facts.ownRoles.includes(name),
    `GRANT the roles to ${login}${without.roles}`,
  );
  check(
    "extensions",
    needs.extensions,
    among(facts.extensions),
    `install the extensions in the server, or use an image that has them${without.extensions}`,
  );
  check(
    `extensions that ${login} may not create`,
    needs.extensions.filter(among(facts.extensions)),
    among([...facts.ownExtensions, ...(needs.elevatedExtensions ?? [])]),
    `log in as a superuser${without.superuser}`,
  );
  check(
    "tablespaces",
    needs.tablespaces,
    among(facts.tablespaces),
    `create the tablespaces (CREATE TABLESPACE)${without.tablespaces}`,
  );
  check(
    "collations",
    needs.missingCollations,
    () => false,
    "install the locales in the server before its cluster is made, or use an image that has them (Alpine's has none)",
  );
  const may = () => facts.mayAll;
  check(`what only superusers do, and not ${login}`, needs.superuser, may, `log in as a superuser${without.superuser}`);
  const unfit = () => false;
  check("owners that are superusers", needs.unfit, unfit, `make the owners superusers${without.roles}`);
  check(
    `settings that ${login} may not change`,
    needs.settings,
    (name) => !facts.forbiddenSettings.includes(name.toLowerCase()),
    `log in as a superuser, or let one allow it: GRANT SET ON PARAMETER … TO ${login}`,
  );
  if (lines.length === 0) return;
  throw new PgroveError({
    code: "server_lacks",
    message: [`${label} lacks what ${needs.what} needs:`, ...lines].join("\n"),
    hint: [...new Set(ways)].join("\n"),
    exit: EXIT.missing,
  });
}
