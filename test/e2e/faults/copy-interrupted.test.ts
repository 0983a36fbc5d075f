/** A copy that is interrupted leaves source and destination as they were. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Sql } from "postgres";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { type Gate, holdInPlace, holdLoads, openAndStrike } from "../../support/faults/gates.ts";
import { thorough, waitUntilHeld } from "../../support/faults/moments.ts";
import { inContainer, makeRepo } from "../../support/faults/program.ts";
import { drop, freshName, makeLarge, makeSmall } from "../../support/faults/sample.ts";
import {
  connect,
  type Fingerprint,
  readFingerprint,
  scratchDatabases,
  waitForNothing,
} from "../../support/faults/world.ts";

let server: TestServer;
let newer: TestServer;
let sql: Sql;
let source: string;
let before: Fingerprint;

beforeAll(async () => {
  [server, newer] = await Promise.all([sharedServer(17), sharedServer(18)]);
  sql = connect(server);
  source = await makeLarge(server);
  before = await readFingerprint(server, source);
});

afterAll(async () => {
  await sql.end();
  await drop(server, source);
});

const urlOf = (on: TestServer, database: string) => `postgres://postgres@127.0.0.1:${on.port}/${database}`;

/** A moment of a copy: what holds it there, and the statement that waits. */
interface Moment {
  hold: (to: TestServer) => Promise<Gate>;
  statement: RegExp;
  /** What the server is held from has to have begun. */
  opened?: true;
}

/** Copies the large database over a small one on `to`, strikes at the moment, and looks at both. */
async function strike(to: TestServer, strategy: string, signal: NodeJS.Signals, moment: Moment) {
  const target = await makeSmall(to);
  const untouched = await readFingerprint(to, target);
  const repo = await makeRepo(inContainer(to.container, target));
  await Bun.write(
    `${repo.folder}/.env.source`,
    `DATABASE_URL=postgres://postgres:${server.password}@127.0.0.1:${server.port}/${source}\n`,
  );
  await repo.configure(
    `project: faults\n${inContainer(to.container, target, `environments: {source: {env_file: .env.source}}\nclient_image: ${server.image.replace(/17.*/, "{major}")}\n`)}`,
  );
  await repo.ok(["trust", "--yes"]);
  const look = connect(to);
  const killedBefore = await countKilled(look);
  try {
    const args = [
      "copy",
      to === server ? urlOf(server, source) : "@source",
      "--to",
      "main",
      "--strategy",
      strategy,
      "--yes",
    ];
    await using held = await moment.hold(to);
    const copy = repo.start(args);
    await waitUntilHeld(look, repo, copy, moment.statement);
    expect(copy.isRunning()).toBe(true);
    if (moment.opened) await openAndStrike(held, copy, signal);
    else copy.kill(signal);
    const ended = await copy.ended;
    expect(await readFingerprint(to, target)).toEqual(untouched);
    if (signal === "SIGKILL") {
      expect(ended).toMatchObject({ code: null, signal });
      const next = await repo.run(["copy", urlOf(to, "postgres"), "--to", "main", "--dry-run", "--yes"]);
      expect(next).toMatchObject({ code: 0 });
    } else {
      expect(ended).toMatchObject({ code: signal === "SIGINT" ? 130 : 143, signal: null, stdout: "" });
    }
    expect(repo.openRuns()).toEqual([]);
    await waitForNothing(to, repo);
    await waitForNothing(server, repo);
    if (signal !== "SIGKILL") expect(await countKilled(look)).toBe(killedBefore);
    expect(await readFingerprint(to, target)).toEqual(untouched);
    expect(await readFingerprint(server, source)).toEqual(before);
  } finally {
    await look.end();
    await drop(to, target);
    await repo.remove();
  }
}

/** How many sessions in the database of the control session were ended from outside: a run must not end its own. */
async function countKilled(look: Sql): Promise<number> {
  await look`select pg_stat_clear_snapshot()`;
  const [row] = await look`select sessions_killed::int as killed from pg_stat_database where datname = 'postgres'`;
  return Number(row?.killed);
}

const copying: Moment = {
  hold: () => holdInPlace(server, source),
  statement: /^create database .* template .*large/i,
  opened: true,
};
const loading: Moment = { hold: (to) => holdLoads(to, source, "rows"), statement: /^COPY .* FROM stdin/i };
const analyzing: Moment = { hold: (to) => holdLoads(to, source, "statistics"), statement: /^analyze/i };

const signals: NodeJS.Signals[] = thorough ? ["SIGINT", "SIGTERM", "SIGKILL"] : ["SIGINT", "SIGKILL"];

describe.each(signals)("%s", (signal) => {
  test("while the server copies the files", () => strike(server, "template", signal, copying));
  test("while rows stream between servers", () => strike(newer, "stream", signal, loading));
  if (signal === "SIGKILL" && !thorough) return; // the same clean-up by the next run, whatever it was doing
  test("while rows stream within one server", () => strike(server, "stream", signal, loading));
  test("while the copy is analyzed", () => strike(server, "stream", signal, analyzing));
});

test("a source whose sessions may not be ended is not copied as a template", async () => {
  const role = freshName("copier");
  await server.psql("postgres", `create role ${role} login createdb password 'copier secret'`);
  const mine = await makeSmall(server);
  await server.psql("postgres", `alter database ${mine} owner to ${role}`);
  const repo = await makeRepo(
    `server: {container: ${server.container}}\ndatabase: {name: ${mine}, user: ${role}, password: copier secret}\n`,
  );
  const holder = connect(server, mine); // a superuser's session, which the role may not end
  await holder`select 1`;
  const to = `postgres://${role}:copier%20secret@127.0.0.1:${server.port}/${freshName("never")}`;
  const copy = repo.start(["copy", "main", "--to", to, "--strategy", "template", "--yes"]);
  const ended = await copy.ended;
  expect(ended.code).not.toBe(0);
  expect(ended.stderr).not.toContain("has a bug");
  expect(ended.stderr + ended.stdout).not.toContain("copier secret");
  expect(await scratchDatabases(sql, repo)).toEqual([]);
  await waitForNothing(server, repo);
  await holder.end();
  await drop(server, mine);
  await server.psql("postgres", `drop role ${role}`);
  await repo.remove();
});
