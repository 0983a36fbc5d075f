/** Puts a finished database in another's place: its properties carried over, both renamed in one transaction. */
import { failure } from "../errors.ts";
import { requireNothingBound } from "../postgres/admin.ts";
import { isForbiddenSetting, readVersionNumber } from "../postgres/changeable-settings.ts";
import { codeOf } from "../postgres/connect.ts";
import { formerNameWithSuffix, nameWithSuffix, quoteIdentifier, quoteLiteral } from "../postgres/identifier.ts";
import { formatSettingValue } from "../postgres/list-setting.ts";
import { describeOccupants, endSessions, requireVacatable } from "../postgres/occupants.ts";
import type { Queries } from "../postgres/schema.ts";
import { withOpened } from "../postgres/session.ts";
import type { Sql } from "../postgres/toolbox.ts";
import type { RunId } from "../sys/run-id.ts";
import { requireStanding, type Standing } from "./standing.ts";

/** What belongs to a database and is in no dump of it, and does not follow a rename. */
export interface DatabaseProperties {
  owner: string;
  comment: string | null;
  connectionLimit: number;
  isTemplate: boolean;
  /** Its DROP was interrupted: nobody can connect to it any more. */
  isInvalid: boolean;
  settings: { role: string | null; name: string; value: string }[];
  /** The names of those that the login may not give to another database. */
  lostSettings: string[];
  /** null: the default privileges. */
  grants: { grantee: string | null; privilege: string; grantable: boolean }[] | null;
}

/** How to create a database that is like another. */
export interface DatabaseShape {
  owner: string;
  encoding: string;
  collate: string;
  ctype: string;
  /** c = libc, i = ICU, b = builtin */
  provider: string;
  locale: string | null;
  icuRules: string | null;
  tablespace: string;
}

/**
 * Reads what has to be carried over, as far as the login may give it: some settings are a superuser's, and those of other
 * roles are theirs, or whoever's who may change the role; settings that the server does not know are a superuser's, too. Throws (exit 1) when there is no such database.
 */
export async function readProperties(sql: Sql, database: string): Promise<DatabaseProperties> {
  const version = await readVersionNumber(sql);
  const [row] = await sql<{ properties: DatabaseProperties }[]>`
    with login as (
      select oid, rolsuper, rolcreaterole, ${version}::int as version from pg_roles where rolname = current_user),
    settings as (
      select r.rolname, split_part(c, '=', 1) as name, substr(c, strpos(c, '=') + 1) as value,
             login.rolsuper
             or coalesce(r.oid = login.oid or (login.rolcreaterole and not r.rolsuper and
                  (version < 160000 or pg_has_role(login.oid, r.oid, 'MEMBER WITH ADMIN OPTION'))), true)
                and exists (select from pg_settings p where lower(p.name) = lower(split_part(c, '=', 1))
                               and not (${isForbiddenSetting(sql, version)})) as may_give
        from pg_db_role_setting s cross join login left join pg_roles r on r.oid = s.setrole, unnest(s.setconfig) as c
       where s.setdatabase = (select oid from pg_database where datname = ${database}))
    select json_build_object(
      'owner', pg_get_userbyid(d.datdba),
      'comment', shobj_description(d.oid, 'pg_database'),
      'connectionLimit', greatest(d.datconnlimit, -1),
      'isTemplate', d.datistemplate,
      'isInvalid', d.datconnlimit = -2,
      'settings', coalesce((
        select json_agg(json_build_object('role', rolname, 'name', name, 'value', value))
          from settings where may_give), '[]'::json),
      'lostSettings', coalesce((
        select json_agg(name || coalesce(' of ' || rolname, '')) from settings where not may_give), '[]'::json),
      'grants', case when d.datacl is null then null else coalesce((
        select json_agg(json_build_object('grantee', g.rolname, 'privilege', a.privilege_type, 'grantable', a.is_grantable))
          from aclexplode(d.datacl) a left join pg_roles g on g.oid = a.grantee), '[]'::json) end
    ) as properties
    from pg_database d where d.datname = ${database}`;
  if (row === undefined) throw failure("database_missing", `there is no database ${database}`, "pgrove status");
  return row.properties;
}

/** Reads how a database was created. The names of the columns for its locale changed with the versions. */
export async function readShape(sql: Sql, database: string): Promise<DatabaseShape> {
  const [row] = await sql<{ shape: DatabaseShape & Record<string, string | null> }[]>`
    select json_build_object(
      'owner', pg_get_userbyid(d.datdba), 'encoding', pg_encoding_to_char(d.encoding),
      'collate', d.datcollate, 'ctype', d.datctype, 'tablespace', t.spcname,
      'provider', coalesce(to_jsonb(d)->>'datlocprovider', 'c'),
      'locale', coalesce(to_jsonb(d)->>'datlocale', to_jsonb(d)->>'daticulocale'),
      'icuRules', to_jsonb(d)->>'daticurules') as shape
    from pg_database d join pg_tablespace t on t.oid = d.dattablespace where d.datname = ${database}`;
  if (row === undefined) throw failure("database_missing", `there is no database ${database}`, "pgrove status");
  return row.shape;
}

/** `CREATE DATABASE` for an empty database of that shape. */
export function createStatement(database: string, shape: DatabaseShape): string {
  const parts = [
    `create database ${quoteIdentifier(database)} template template0`,
    `owner ${quoteIdentifier(shape.owner)}`,
    `encoding ${quoteLiteral(shape.encoding)}`,
    `lc_collate ${quoteLiteral(shape.collate)}`,
    `lc_ctype ${quoteLiteral(shape.ctype)}`,
  ];
  if (shape.tablespace !== "pg_default") parts.push(`tablespace ${quoteIdentifier(shape.tablespace)}`);
  if (shape.provider === "i" && shape.locale !== null) {
    parts.push(`locale_provider icu icu_locale ${quoteLiteral(shape.locale)}`);
    if (shape.icuRules !== null) parts.push(`icu_rules ${quoteLiteral(shape.icuRules)}`);
  }
  if (shape.provider === "b" && shape.locale !== null) {
    parts.push(`locale_provider builtin builtin_locale ${quoteLiteral(shape.locale)}`);
  }
  return parts.join(" ");
}

function settingStatement(database: string, { role, name, value }: DatabaseProperties["settings"][number]): string {
  const inDatabase = quoteIdentifier(database);
  const whose = role === null ? `database ${inDatabase}` : `role ${quoteIdentifier(role)} in database ${inDatabase}`;
  const literal = formatSettingValue(name, value);
  const setting = name.split(".").map(quoteIdentifier).join(".");
  return `alter ${whose} set ${setting} to ${literal}`;
}

/** `COMMENT ON DATABASE`; null takes the comment away. */
export function commentStatement(database: string, comment: string | null): string {
  return `comment on database ${quoteIdentifier(database)} is ${comment === null ? "null" : quoteLiteral(comment)}`;
}

/** The statements that give a database the properties. All of them may stand in a transaction. */
export function propertyStatements(database: string, properties: DatabaseProperties): string[] {
  const name = quoteIdentifier(database);
  const statements = [
    `alter database ${name} owner to ${quoteIdentifier(properties.owner)}`,
    `alter database ${name} connection limit ${properties.connectionLimit}`,
    `alter database ${name} is_template ${properties.isTemplate}`,
    commentStatement(database, properties.comment),
    ...properties.settings.map((setting) => settingStatement(database, setting)),
  ];
  if (properties.grants === null) return statements;
  statements.push(`revoke all on database ${name} from public, ${quoteIdentifier(properties.owner)}`);
  for (const { grantee, privilege, grantable } of properties.grants) {
    const to = grantee === null ? "public" : quoteIdentifier(grantee);
    statements.push(`grant ${privilege} on database ${name} to ${to}${grantable ? " with grant option" : ""}`);
  }
  return statements;
}

const SWAP_TRIES = 6;
const ENDER_DELAY_MS = 100;

/** What the swap is to do, all of it in one transaction. */
export interface Swap {
  /** From and to, in order. */
  renames: readonly (readonly [string, string])[];
  /** Run after the renames. */
  statements: readonly string[];
  /** The databases that somebody may be connected to. */
  occupied: readonly string[];
  /** What was agreed to of those that are replaced or dropped: a name with nothing behind it stands for a new one. */
  agreed: readonly { database: string; agreed: Standing | undefined }[];
  run: RunId;
}

/**
 * Renames in one transaction. `ALTER DATABASE … RENAME` locks the database first, so that nobody new gets in, then
 * waits five seconds for the others to leave: a second session ends them meanwhile. Throws (exit 1) naming who stayed, and
 * (exit 5) when a database is not what was agreed to: looked at before anybody is disconnected, and once more behind the
 * renames, which keep everybody else from it.
 */
export async function swapDatabases(sql: Sql, connectSecond: () => Promise<Sql>, swap: Swap): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    for (const each of swap.agreed) await requireStanding(sql, each);
    for (const database of swap.occupied) {
      await requireNothingBound(sql, database); // it would be waited for in vain
      await requireVacatable(sql, database, swap.run); // the same, and for longer
      await endSessions(sql, database, swap.run);
    }
    try {
      await whileEndingSessions(connectSecond, swap, async () => {
        await sql.begin((transaction) => renameAll(transaction, swap));
      });
      return;
    } catch (error) {
      if (codeOf(error) === "42P04") throw await explainTaken(sql, swap, error);
      if (codeOf(error) !== "55006") throw error;
      if (attempt === SWAP_TRIES) throw await explainOccupied(sql, swap, error);
    }
  }
}

async function renameAll(transaction: Queries, { renames, statements, agreed }: Swap): Promise<void> {
  for (const [from, to] of renames) await transaction.unsafe(renameStatement(from, to));
  for (const each of agreed) {
    const name = renames.reduce((at, [from, to]) => (from === at ? to : at), each.database);
    if (name !== each.database) await requireStanding(transaction, each, name);
  }
  for (const statement of statements) await transaction.unsafe(statement);
}

/** A name was free when it was looked at, and is not any more. */
async function explainTaken(sql: Sql, swap: Swap, cause: unknown): Promise<unknown> {
  for (const each of swap.agreed) await requireStanding(sql, each);
  return cause;
}

async function explainOccupied(sql: Sql, swap: Swap, cause: unknown): Promise<Error> {
  const who = await Promise.all(swap.occupied.map((database) => describeOccupants(sql, database, swap.run)));
  return failure(
    "database_in_use",
    `the database ${swap.occupied[0]} could not be replaced: ${who.filter((each) => each !== undefined).join(", ") || "somebody"} stays connected`,
    "stop what is connected to it, then try again; nothing was changed",
    cause,
  );
}

function renameStatement(from: string, to: string): string {
  return `alter database ${quoteIdentifier(from)} rename to ${quoteIdentifier(to)}`;
}

/** The body; what it waits for, the others' sessions in the occupied databases, is ended meanwhile by a second session. */
export async function whileEndingSessions<T>(
  connectSecond: () => Promise<Sql>,
  { occupied, run }: Pick<Swap, "occupied" | "run">,
  body: () => Promise<T>,
): Promise<T> {
  let done = false;
  const ending = (async () => {
    await Bun.sleep(ENDER_DELAY_MS); // nearly always the rename is through by then
    if (done) return;
    await withOpened(connectSecond, async (second) => {
      while (!done) {
        for (const database of occupied) await endSessions(second, database, run);
        await Bun.sleep(ENDER_DELAY_MS);
      }
    });
  })().catch(() => undefined); // the body's own error says what happened
  try {
    return await body();
  } finally {
    done = true;
    await ending;
  }
}

const PREVIOUS_SUFFIX = "_before_restore";
const PREVIOUS_MARK = "pgrove: replaced by a restore or copy; the next one drops it";

/** The name under which a replaced database is kept. */
export function previousName(database: string): string {
  return nameWithSuffix(database, PREVIOUS_SUFFIX);
}

/** The statement that marks a kept database as pgrove's own, so that the next restore may drop it. */
export function markPreviousStatement(previous: string): string {
  return commentStatement(previous, PREVIOUS_MARK);
}

/** Whether a database's comment says that pgrove kept it when it was replaced. */
export function isPreviousMark(comment: string | null): boolean {
  return comment === PREVIOUS_MARK;
}

/** The names under which it may be kept: earlier versions made long ones in another way. */
export function previousNames(database: string): string[] {
  return [previousName(database), formerNameWithSuffix(database, PREVIOUS_SUFFIX)];
}

/** The databases that pgrove kept when it replaced that one before. Throws (exit 1) when somebody else's has the name. */
export async function findPrevious(sql: Sql, database: string): Promise<string[]> {
  const [previous] = previousNames(database);
  const kept = await sql<{ name: string; comment: string | null }[]>`
    select datname::text as name, shobj_description(oid, 'pg_database') as comment
      from pg_database where datname in ${sql(previousNames(database))}`;
  const own = kept.filter(({ comment }) => isPreviousMark(comment)).map(({ name }) => name);
  if (!kept.some(({ name }) => name === previous && !own.includes(name))) return own;
  throw failure(
    "name_taken",
    `there is a database ${previous} that pgrove did not make; the replaced one is to be kept under that name`,
    `rename it, or restore with --discard-previous`,
  );
}
