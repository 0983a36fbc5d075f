/** Databases to do harm to. */
import type { TestServer } from "../engine/server.ts";
import { LARGE_OBJECT, loadGates } from "./gates.ts";
import { connect } from "./world.ts";

const LARGE = `
  create table big as
    select i as id, md5(i::text) as a, md5((i * 7)::text) as b, repeat('word ' || (i % 97), 8) as c
      from generate_series(1, 400000) i;
  alter table big add primary key (id);
  create table marker as select i as id, 'large ' || i as text from generate_series(1, 500) i;
  create function public.twice(n int) returns int language sql as $$
    select
      n * 2
  $$;`;

const SMALL = `
  create table marker as select i as id, 'precious ' || i as text from generate_series(1, 2000) i;
  create table parent (id int primary key);
  create table child (id int primary key, parent int references parent);
  insert into parent select generate_series(1, 100);
  insert into child select i, 1 + i % 100 from generate_series(1, 1000) i;`;

let made = 0;

/** A name that no other test of this run uses. */
export function freshName(prefix: string): string {
  made += 1;
  return `${prefix}_${process.pid}_${made}`;
}

async function make(server: TestServer, name: string, sql: string): Promise<string> {
  await server.createDatabase(name);
  await server.psql(name, sql);
  return name;
}

/** About 75 MB, so that there are moments to hit; `holdLoads` knows the gates in it by the database's name. */
export async function makeLarge(server: TestServer, name = freshName("large")): Promise<string> {
  return await make(server, name, [LARGE, LARGE_OBJECT, loadGates(name)].join("\n"));
}

/** A few tables that must not change. */
export async function makeSmall(server: TestServer, name = freshName("small")): Promise<string> {
  return await make(server, name, SMALL);
}

export async function drop(server: TestServer, ...databases: string[]): Promise<void> {
  const sql = connect(server);
  for (const database of databases) {
    await sql.unsafe(`drop database if exists "${database}" with (force)`);
    await sql.unsafe(`drop database if exists "${database}_before_restore" with (force)`);
  }
  await sql.end();
}
