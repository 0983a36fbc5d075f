/**
 * Places where a program has to wait for the test, so that a moment to strike at lasts until the test has struck. What
 * waits does so inside the server, and would otherwise go on to its end in its own time.
 */
import type { Sql } from "postgres";
import type { TestServer } from "../engine/server.ts";
import type { Started } from "./program.ts";
import { connect } from "./world.ts";

export interface Gate extends AsyncDisposable {
  /** Lets go of whoever waits. More than once does no harm. */
  open(): Promise<void>;
}

/** A gate that is opened once, by that function. */
export function gateOf(letGo: () => Promise<void>): Gate {
  let opening: Promise<void> | undefined;
  const open = () => {
    opening ??= letGo();
    return opening;
  };
  return { open, [Symbol.asyncDispose]: open };
}

/** Holds what the statements lock until the gate is opened, or the server is gone. */
export async function holdLocks(server: TestServer, database: string, ...statements: readonly string[]): Promise<Gate> {
  const holder: Sql = connect(server, database);
  for (const statement of ["begin", ...statements]) await holder.unsafe(statement);
  return gateOf(async () => {
    await holder.unsafe("rollback").catch(() => undefined); // the server may be gone, and the locks with it
    await holder.end({ timeout: 1 });
  });
}

/** Makes a large object, where there is none. */
export const LARGE_OBJECT =
  "select lo_from_bytea(0, 'behind all rows') where not exists (select from pg_largeobject_metadata);";

/** No dump of the database comes to its end: pg_dump reads large objects behind all rows, and they are locked. */
export async function holdDumpEnds(server: TestServer, database: string): Promise<Gate> {
  await server.psql(database, LARGE_OBJECT);
  return await holdLocks(server, database, "lock table pg_largeobject in access exclusive mode");
}

/** Nobody can rename the database or copy it as a template; its sessions come and go as they like. */
export async function holdInPlace(server: TestServer, database: string): Promise<Gate> {
  return await holdLocks(server, "postgres", `comment on database "${database}" is 'held by a test'`);
}

/**
 * Strikes while the server does what the gate has kept it from. The program is stopped meanwhile, so it cannot come to
 * its end first, however late the blow is.
 */
export async function openAndStrike(gate: Gate, program: Started, signal: NodeJS.Signals): Promise<void> {
  program.kill("SIGSTOP");
  await gate.open();
  program.kill(signal);
  program.kill("SIGCONT");
}

/** Where a database is loaded: in the middle of its rows, of an index, and of the statistics. */
export type LoadPlace = "rows" | "index" | "statistics";

const FOLDER = "/tmp/pgrove-test-gate";

/**
 * The SQL of the gates of a large sample: they are part of its definition, so that they come along wherever it is
 * restored or copied to. Each looks for a file in the server's container, whichever database it is in.
 */
export function loadGates(name: string): string {
  return `
  create function at_gate(place text, at_it boolean) returns boolean language plpgsql immutable as $$ begin
    while at_it and (pg_stat_file('${FOLDER}-${name}-' || place, true)).size is not null loop
      perform pg_sleep(0.01);
    end loop;
    return true;
  end $$;
  alter table big add constraint gate check (id <> 200000 or public.at_gate('rows', true));
  create index marker_gate on marker (public.at_gate('index', id = 250));
  create statistics marker_gate on (public.at_gate('statistics', id = 250)) from marker;`;
}

/** Whoever loads the large sample of that name on this server waits at the place. */
export async function holdLoads(server: TestServer, name: string, place: LoadPlace): Promise<Gate> {
  const file = `${FOLDER}-${name}-${place}`;
  const touched = await server.exec(["touch", file]);
  if (touched.code !== 0) throw new Error(`${file} could not be made: ${touched.stderr}`);
  return gateOf(async () => {
    await server.exec(["rm", "-f", file]);
  });
}
