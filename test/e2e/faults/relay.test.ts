/** Faults 1 and 8 where the container publishes no port: pgrove's own sessions are relayed through `docker exec`. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { waitFor } from "../../support/engine/run.ts";
import { startServer, type TestServer } from "../../support/engine/server.ts";
import { holdLoads } from "../../support/faults/gates.ts";
import { inContainer, makeRepo, type Repo } from "../../support/faults/program.ts";
import { makeLarge, makeSmall } from "../../support/faults/sample.ts";

let server: TestServer;
let large: string;
let target: string;
let repo: Repo;
let archive: string;
let started: string;
let rows: string;

const HASH = "select md5(string_agg(t::text, ',' order by id)) from marker t";

beforeAll(async () => {
  server = await startServer({ major: 17, publish: false, command: ["postgres", "-c", "fsync=off"] });
  large = await makeLarge(server);
  target = await makeSmall(server);
  repo = await makeRepo(inContainer(server.container, large));
  archive = repo.path("large.dump");
  await repo.ok(["dump", "-o", archive]);
  started = await server.startTime();
  rows = await server.psql(target, HASH);
});

afterAll(async () => {
  await server.remove();
  await repo.remove();
});

const SESSIONS = "select count(*) from pg_stat_activity where application_name like 'pgrove-%'";
const WORKING = `${SESSIONS} and query ~* '^copy .*(to stdout|from stdin)'`;
const SCRATCH = "select count(*) from pg_database where datname like 'pgrove_scratch_%'";

/** The programs inside the container that are neither the server nor this look at them. */
async function programsInside(): Promise<string[]> {
  const list = await server.exec([
    "sh",
    "-c",
    'for f in /proc/[0-9]*/comm; do read -r name < "$f"; echo "$name"; done',
  ]);
  return list.stdout.split("\n").filter((name) => name !== "" && name !== "postgres" && name !== "sh");
}

async function expectNothingLeft(): Promise<void> {
  const gone = async () => (await server.psql("postgres", SESSIONS)) === "0" && (await programsInside()).length === 0;
  await waitFor("sessions and relays to end", 10_000, gone, 50);
  expect(await server.startTime()).toBe(started); // a relay that died of a signal would have restarted the server
  expect(await server.psql("postgres", SCRATCH)).toBe("0");
  expect(await server.psql(target, HASH)).toBe(rows);
  expect(repo.openRuns()).toEqual([]);
}

describe.each(["SIGINT", "SIGKILL"] as const)("%s", (signal) => {
  test.each([
    ["a dump", ["dump", "-o", "TO", "--compress", "zstd:19"]],
    ["a restore", ["restore", "FROM", "--yes"]],
  ])("during %s", async (name, args) => {
    await repo.configure(`project: faults\n${inContainer(server.container, name === "a dump" ? large : target)}`);
    const paths: Record<string, string> = { TO: repo.path(`${signal}.dump`), FROM: archive };
    await using _held = await holdLoads(server, large, "rows");
    const program = repo.start(args.map((word) => paths[word] ?? word));
    await waitFor("the rows to move", 20_000, async () => (await server.psql("postgres", WORKING)) !== "0", 10);
    expect(program.isRunning()).toBe(true);
    program.kill(signal);
    const ended = await program.ended;
    expect(ended).toMatchObject(signal === "SIGINT" ? { code: 130, signal: null } : { code: null, signal });
    expect(await Bun.file(paths.TO ?? "").exists()).toBe(false);
    if (signal === "SIGKILL") await repo.ok(["restore", archive, "--into-new", "unmade", "--dry-run"]);
    await expectNothingLeft();
  });
});

describe("the session that controls a restore", () => {
  const CONTROL = "from pg_stat_activity where application_name like 'pgrove-%-control'";

  beforeAll(() => repo.configure(`project: faults\n${inContainer(server.container, target)}`));

  /** A restore whose rows wait at the gate, so that its control session waits, too. */
  async function startHeld() {
    const gate = await holdLoads(server, large, "rows");
    const program = repo.start(["restore", archive, "--yes"]);
    const held = `${SESSIONS} and wait_event = 'PgSleep'`;
    await waitFor("the rows to wait", 30_000, async () => (await server.psql("postgres", held)) !== "0", 20);
    return { gate, program };
  }

  test("ended by the server, ends the restore with an error, and leaves the target as it was", async () => {
    const { gate, program } = await startHeld();
    expect(await server.psql("postgres", `select pg_terminate_backend(pid) ${CONTROL}`)).toBe("t");
    await gate.open();
    const ended = await program.ended;
    expect(ended).toMatchObject({ code: 1, stdout: "" });
    expect(ended.stderr).toContain("error: the connection to the server was lost");
    await repo.ok(["restore", archive, "--into-new", "unmade", "--dry-run"]);
    await expectNothingLeft();
  });

  test("outlasts its login's limit of idle sessions", async () => {
    await server.psql("postgres", "alter role postgres set idle_session_timeout = '500ms'");
    try {
      const { gate, program } = await startHeld();
      const idle = `select count(*) ${CONTROL} and state = 'idle' and clock_timestamp() - state_change > '1500ms'`;
      const overdue = async () => !program.isRunning() || (await server.psql("postgres", idle)) !== "0";
      await waitFor("the control session to be idle longer than that", 30_000, overdue, 50);
      expect(await server.psql("postgres", `select count(*) ${CONTROL}`)).toBe("1");
      await gate.open();
      expect(await program.ended).toMatchObject({ code: 0 });
    } finally {
      await server.psql("postgres", "alter role postgres reset idle_session_timeout");
    }
  });
});
