/** A restore in which others take the place of the dump's roles. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { planRestore } from "../../../src/dump/restore.ts";
import { quoteIdentifier } from "../../../src/postgres/identifier.ts";
import {
  type Bench,
  createEveryKind,
  dump,
  findDump,
  makeBench,
  openLive,
  pathOf,
  rejection,
  restore,
  uniqueName,
} from "../../support/database.ts";
import { runOk } from "../../support/engine/run.ts";
import { startServer, type TestServer } from "../../support/engine/server.ts";
import { makeWorktree } from "../schema/worktree.ts";

const SOURCE = "shop";
/** What of a role's may lie in a database; `prod` has given a grant on, in its own name. */
const SHOP = `
  create role prod; create role "My Role"; create role reader; create role app; create role me;
  create schema stock authorization prod; create schema hers; alter schema hers owner to "My Role";
  create table stock.item (id int, prod text); insert into stock.item values (1, 'GRANT ALL ON t TO prod;');
  create sequence stock.number; create view stock.seen as select id from stock.item;
  create function stock.f(prod int) returns text language plpgsql as $$ begin return 'OWNER TO prod'; end $$;
  create operator stock.=== (leftarg = int, rightarg = int, function = int4eq);
  alter table stock.item owner to "My Role"; alter sequence stock.number owner to prod; alter view stock.seen owner to prod;
  alter function stock.f(int) owner to prod; alter operator stock.=== (int, int) owner to prod;
  grant select on stock.item to prod with grant option;
  set role prod; grant select on stock.item to reader; reset role;
  grant update (prod) on stock.item to "My Role", reader;
  alter default privileges for role prod in schema stock grant select on tables to "My Role";
  alter table stock.item enable row level security;
  create policy prod on stock.item to prod, "My Role" using (prod <> 'prod' and current_user <> 'prod');
  create foreign data wrapper far; create server far foreign data wrapper far;
  create user mapping for prod server far options (prod 'prod');
  select lo_create(4242); alter large object 4242 owner to prod; grant select on large object 4242 to "My Role";`;

/** Everything that belongs to somebody or says who may use it, in words. */
const FACTS = `
  select string_agg(line, E'\\n' order by line) from (
    select 'owner ' || nspname || ' ' || nspowner::regrole from pg_namespace where nspname in ('stock', 'hers')
    union all select concat_ws(' ', 'relation', relname, relowner::regrole, relacl) from pg_class where relnamespace = 'stock'::regnamespace
    union all select concat_ws(' ', 'column', attname, attacl) from pg_attribute where attacl is not null and attrelid = 'stock.item'::regclass
    union all select concat_ws(' ', 'function', proowner::regrole, prosrc, proargnames) from pg_proc where proname = 'f'
    union all select concat_ws(' ', 'operator', oprowner::regrole) from pg_operator where oprname = '==='
    union all select concat_ws(' ', 'default', defaclrole::regrole, defaclacl) from pg_default_acl
    union all select concat_ws(' ', 'policy', polname, array(select r::regrole from unnest(polroles) r order by 1), pg_get_expr(polqual, polrelid)) from pg_policy
    union all select concat_ws(' ', 'mapping', umuser::regrole, umoptions) from pg_user_mapping
    union all select concat_ws(' ', 'object', oid, lomowner::regrole, lomacl) from pg_largeobject_metadata
    union all select concat_ws(' ', 'row', id, prod) from stock.item) facts(line)`;

let server: TestServer;
let bench: Bench;
const paths: string[] = [];
beforeAll(async () => {
  server = await startServer({ major: 17 }); // its roles are its own
  bench = await makeBench();
  await server.createDatabase(SOURCE);
  await server.psql(SOURCE, SHOP);
  for (const [format, ending] of [
    ["-Fc", "dump"],
    ["-Fp", "sql"],
  ]) {
    const path = join(bench.folder, `shop.${ending}`);
    await runOk("bash", ["-c", `docker exec ${server.container} pg_dump -U postgres ${format} ${SOURCE} > '${path}'`]);
    paths.push(path);
  }
  await server.psql("postgres", `drop database ${SOURCE}`);
  await server.psql("postgres", 'drop role prod; drop role "My Role"');
});
afterAll(async () => {
  await server.remove();
  await bench.remove();
});

const roleMap = new Map([
  ["prod", "me"],
  ["My Role", "app"],
]);

/** What had been given to prod is me's, and to "My Role" app's; what only has such a name keeps it. */
const EXPECTED = [
  "column prod {app=w/app,reader=w/app}",
  "default me {app=r/me}",
  "function me  begin return 'OWNER TO prod'; end  {prod}",
  "mapping me {prod=prod}",
  "object 4242 me {me=rw/me,app=r/me}",
  "operator me",
  "owner hers app",
  "owner stock me",
  "policy prod {app,me} ((prod <> 'prod'::text) AND (CURRENT_USER <> 'prod'::name))",
  "relation item app {app=arwdDxtm/app,me=r*/app,reader=r/me}",
  "relation number me",
  "relation seen me",
  "row 1 GRANT ALL ON t TO prod;",
];

test("owners, grants and who gave them, default privileges, policies, mappings and large objects go to the others", async () => {
  for (const path of paths) {
    const back = uniqueName("mapped");
    const error = await rejection(restore(bench, await openLive(server, back, bench), path));
    expect(error).toMatchObject({ code: "server_lacks", exit: 4 });
    expect(error.hint).toContain("--role-map");
    bench.notes.length = 0;
    const given = new Map([...roleMap, ["nobody", "me"]]);
    await restore(bench, await openLive(server, back, bench), path, { roleMap: given });
    expect(bench.notes.join("\n")).toContain("names no role nobody");
    expect((await server.psql(back, FACTS)).split("\n")).toEqual(EXPECTED);
  }
});

/** How many objects of a database depend on a role in which way: owned, in grants, in policies. */
const BOUND = `select coalesce(string_agg(line, ', ' order by line), '') from (
  select concat_ws(' ', replace(rolname, 'new ', ''), deptype, count(*)) as line from pg_shdepend join pg_roles r on r.oid = refobjid
   where dbid = (select oid from pg_database where datname = current_database()) and refclassid = 'pg_authid'::regclass`;

test("of every kind of object, in every format, nothing stays with the roles of the dump", async () => {
  const source = uniqueName("kinds");
  await createEveryKind(server, source);
  const roles = ["pgrove_owner", "pgrove_reader", 'pgrove "odd" ; role'];
  const all = new Map(roles.map((role) => [role, `new ${role}`]));
  for (const other of all.values()) await server.psql("postgres", `create role ${quoteIdentifier(other)}`);
  const listed = (names: Iterable<string>) => [...names].map((name) => `'${name}'`).join(", ");
  const bound = (database: string, names: Iterable<string>) =>
    server.psql(database, `${BOUND} and rolname in (${listed(names)}) group by rolname, deptype) lines`);
  const before = await bound(source, roles);
  expect(before).toContain("pgrove_owner o ");
  for (const request of [{ format: "custom" }, { format: "directory" }, { format: "sql" }] as const) {
    const back = uniqueName("kinds_back");
    const path = pathOf(await dump(bench, await openLive(server, source, bench), request));
    await restore(bench, await openLive(server, back, bench), path, { roleMap: all });
    expect([await bound(back, roles), await bound(back, all.values())]).toEqual(["", before]);
  }
});

test("the other has to be there, and a schema's owner is its own", async () => {
  const [path = ""] = paths;
  const database = uniqueName("mapped");
  await server.createDatabase(database);
  const live = await openLive(server, database, bench);
  const plan = {
    ...{ findDump: () => findDump(bench, path), noOwner: false, discardPrevious: false, services: [] },
    ...{ consent: async () => undefined, approveForeign: async () => undefined },
  };
  const error = await rejection(
    planRestore(bench.tools, live, { ...plan, roleMap: new Map([...roleMap, ["prod", "ghost"]]) }),
  );
  expect(error).toMatchObject({ code: "server_lacks", exit: 4, message: expect.stringContaining("roles: ghost") });
  const feature = await makeWorktree(live, "feature");
  const refused = await rejection(planRestore(bench.tools, feature.live, { ...plan, roleMap }));
  expect(refused).toMatchObject({ code: "role_map_schema", exit: 5 });
});
