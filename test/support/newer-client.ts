/** PostgreSQL's programs of one version at a server of another, as a newer client is. */
import { join } from "node:path";
import { createClientImageToolbox } from "../../src/postgres/client-image-toolbox.ts";
import type { Toolbox } from "../../src/postgres/toolbox.ts";
import type { LiveTarget } from "../../src/resolve/target.ts";
import { systemRunner } from "../../src/sys/process.ts";
import { newRunId } from "../../src/sys/run-id.ts";
import { type Bench, openLive, uniqueName } from "./database.ts";
import type { TestServer } from "./engine/server.ts";

/** The programs of `client`'s image, which reach `server` over its published port. */
export function clientToolbox(bench: Bench, client: TestServer, server: TestServer, database: string): Toolbox {
  if (server.port === undefined) throw new Error(`${server.container} publishes no port`);
  const connection = { host: "127.0.0.1", port: server.port, user: server.user, password: server.password };
  return createClientImageToolbox(systemRunner, {
    ...{ label: `${server.container} by PostgreSQL ${client.major}`, image: client.image, major: client.major },
    ...{ connection: { ...connection, database, parameters: {} }, stageParent: bench.folder },
  });
}

/** The target as somebody works on it who has only the programs of `client`. */
export async function openByClient(
  bench: Bench,
  client: TestServer,
  server: TestServer,
  database: string,
): Promise<LiveTarget> {
  const live = await openLive(server, database, bench);
  return { ...live, toolbox: clientToolbox(bench, client, server, database) };
}

/** What that client's pg_dump writes to stdout, as a file. */
export async function dumpByClient(
  bench: Bench,
  client: TestServer,
  server: TestServer,
  database: string,
  args: readonly string[] = [],
): Promise<string> {
  const path = join(bench.folder, uniqueName("by_client"));
  const file = Bun.file(path).writer();
  const toolbox = clientToolbox(bench, client, server, database);
  const command = toolbox.command("pg_dump", args, newRunId(new Date()), { database });
  const output = async (chunk: Uint8Array) => {
    file.write(chunk);
    await file.flush();
  };
  await systemRunner.stream(command, { output }, new AbortController().signal);
  await file.end();
  return path;
}

/** A database of what attver.sql makes: options of columns, and names, comments and rows that only look like them. */
export async function createAttver(server: TestServer, database: string): Promise<void> {
  await server.createDatabase(database);
  await server.psql(database, await Bun.file(join(import.meta.dir, "fixtures/attver.sql")).text());
}

const ATTVER_FACTS = `select json_build_object(
  'options', (select json_agg(json_build_array(attrelid::regclass::text, attname, o) order by attrelid::regclass::text, attname, o)
                from pg_attribute, unnest(attoptions) o where attrelid >= 16384 and o not like 'pg_attver=%'),
  'rows', (select json_agg(t order by a) from public.t), 'odd', (select json_agg(o) from public."od""d pg_attver=1, ünï" o),
  'part', (select json_agg(p) from public.part_1 p), 'summary', (select json_agg(m order by a) from public.m),
  'comment', obj_description('public.t'::regclass), 'body', (select prosrc from pg_proc where proname = 'f'))`;

/** What of it has to arrive, whatever the server's version: all but the option that is the server's own. */
export async function readAttverFacts(server: TestServer, database: string): Promise<unknown> {
  return JSON.parse(await server.psql(database, ATTVER_FACTS));
}
