/** Fault 14: services that were stopped for a restore run again afterwards, however it ended. */
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import type { Sql } from "postgres";
import { userKeyFile } from "../../../src/repo/state.ts";
import { ensureSigner } from "../../../src/sys/signature.ts";
import { runOk, waitFor } from "../../support/engine/run.ts";
import { sharedServer, type TestServer, testLabels } from "../../support/engine/server.ts";
import { holdInPlace } from "../../support/faults/gates.ts";
import { waitForWords } from "../../support/faults/moments.ts";
import { inContainer, makeRepo, type Repo } from "../../support/faults/program.ts";
import { drop, freshName, makeSmall } from "../../support/faults/sample.ts";
import { connect, type Fingerprint, readFingerprint, waitForNothing } from "../../support/faults/world.ts";

let server: TestServer;
let sql: Sql;
let target: string;
let before: Fingerprint;
let repo: Repo;
let dump: string;
const quick = `pgrove-fault-quick-${process.pid}`;
const slow = `pgrove-fault-slow-${process.pid}`;

async function state(name: string): Promise<string> {
  const format = "{{.State.Running}} {{.State.StartedAt}}";
  return (await runOk("docker", ["inspect", "-f", format, name])).trim();
}

const isRunning = async (name: string) => (await state(name)).startsWith("true");

beforeAll(async () => {
  server = await sharedServer(17);
  sql = connect(server);
  target = await makeSmall(server);
  const labels = Object.entries(testLabels()).flatMap(([name, value]) => ["--label", `${name}=${value}`]);
  const start = (name: string, script: string) =>
    runOk("docker", [
      "run",
      "-d",
      "--init",
      "--stop-timeout=2",
      "--name",
      name,
      ...labels,
      "--entrypoint",
      "bash",
      server.image,
      "-c",
      script,
    ]);
  await start(quick, "trap 'exit 0' TERM INT; while :; do sleep 0.1; done");
  await start(slow, "trap '' TERM INT; while :; do sleep 0.1; done"); // docker waits two seconds before it kills it
  repo = await makeRepo(inContainer(server.container, target, `services: [${quick}, ${slow}]\n`));
  dump = repo.path("small.dump");
  await repo.ok(["dump", "-o", dump]);
});

beforeEach(async () => {
  before = await readFingerprint(server, target);
  await runOk("docker", ["start", quick, slow]);
});

afterAll(async () => {
  await runOk("docker", ["rm", "-f", quick, slow]);
  await sql.end();
  await drop(server, target);
  await repo.remove();
});

test("none is stopped where nothing is replaced, and the server itself is no service", async () => {
  await repo.configure(`project: faults\n${inContainer(server.container, target, `services: [${quick}]\n`)}`);
  const was = await state(quick);
  await repo.ok(["restore", dump, "--into-new", `${target}_beside`, "--yes"]);
  expect(await state(quick)).toBe(was);
  await sql.unsafe(`drop database "${target}_beside"`);
  await repo.configure(
    `project: faults\n${inContainer(server.container, target, `services: [${server.container}]\n`)}`,
  );
  const ended = await repo.run(["restore", dump, "--yes"]);
  expect(ended).toMatchObject({ code: 3, stderr: expect.stringContaining("is the database server itself") });
});

test("they run again after a restore that went well", async () => {
  const was = await state(quick);
  await repo.configure(`project: faults\n${inContainer(server.container, target, `services: [${quick}]\n`)}`);
  const ended = await repo.run(["restore", dump, "--yes"]);
  expect(ended).toMatchObject({ code: 0 });
  expect(await isRunning(quick)).toBe(true);
  expect(await state(quick)).not.toBe(was); // it was really stopped
});

test("they run again when the swap fails, and the target is untouched", async () => {
  const was = await state(quick);
  const login = freshName("keeper");
  await server.psql(
    "postgres",
    `create role ${login} login createdb password 'x'; grant ${login} to postgres; alter database ${target} owner to ${login};
     grant connect on database ${target} to ${login}`,
  );
  await repo.configure(
    `project: faults\nserver: {container: ${server.container}}\ndatabase: {name: ${target}, user: ${login}, password: x}\nservices: [${quick}, ${slow}]\n`,
  );
  before = await readFingerprint(server, target);
  const restore = repo.start(["restore", dump, "--yes", "--no-owner"]);
  await waitForWords(restore, /stopping /);
  const stranger = connect(server, target); // a superuser's session, of which nothing was seen before: the role may not end it
  await stranger`select 1`;
  const ended = await restore.ended;
  await stranger.end();
  expect(ended).toMatchObject({ code: 5, stdout: "" });
  expect(ended.stderr).not.toContain("has a bug");
  expect(ended.stderr).toContain(`started ${quick}, ${slow} again`);
  expect(await isRunning(quick)).toBe(true);
  expect(await state(quick)).not.toBe(was);
  expect(await readFingerprint(server, target)).toEqual(before);
  await waitForNothing(server, repo);
  await server.psql(
    "postgres",
    `alter database ${target} owner to postgres; revoke all on database ${target} from ${login}`,
  );
  await server.psql("postgres", `drop role ${login}`);
});

for (const signal of ["SIGKILL", "SIGINT"] as const) {
  test(`${signal} while services are being stopped`, async () => {
    await repo.configure(
      `project: faults\n${inContainer(server.container, target, `services: [${quick}, ${slow}]\n`)}`,
    );
    const was = await state(quick);
    await using held = await holdInPlace(server, target); // the swap behind it has to wait
    const restore = repo.start(["restore", dump, "--yes"]);
    await waitForWords(restore, /stopping /);
    await waitFor("the first service to be stopped", 20_000, async () => !(await isRunning(quick)), 20);
    expect(restore.isRunning()).toBe(true);
    restore.kill(signal);
    const ended = await restore.ended;
    await held.open();
    expect(await readFingerprint(server, target)).toEqual(before);
    if (signal === "SIGKILL") {
      expect(ended).toMatchObject({ code: null, signal });
      await waitFor("docker to end the slow service", 20_000, async () => !(await isRunning(slow)), 50);
      const next = await repo.run(["restore", dump, "--into-new", freshName("unmade"), "--dry-run"]);
      expect(next).toMatchObject({ code: 0 });
      expect(next.stderr).toContain("cleared what an interrupted restore of main had left");
    } else {
      expect(ended).toMatchObject({ code: 130, signal: null });
    }
    expect(await isRunning(quick)).toBe(true);
    expect(await isRunning(slow)).toBe(true);
    expect(await state(quick)).not.toBe(was);
    expect(repo.openRuns()).toEqual([]);
    await waitForNothing(server, repo);
  });
}

test("what a run on another server left stopped is started once, and a service that is gone is no obstacle", async () => {
  await repo.configure(`project: faults\n${inContainer(server.container, target, `services: [${quick}]\n`)}`);
  const leftovers = [{ kind: "stopped-services", containers: [await idOf(quick), "0".repeat(64)] }];
  const run = "20260101000000deadbeef";
  const record = {
    ...{ version: 1, run, operation: "restore", target: "main", server: "elsewhere" },
    ...{ pid: 999_999_999, born: "never", leftovers },
  };
  const signer = await ensureSigner(userKeyFile(repo.environment(), repo.home));
  const signature = signer.sign("run record", JSON.stringify(record));
  await runOk("mkdir", ["-p", `${repo.stateDir}/runs`]);
  writeFileSync(`${repo.stateDir}/runs/${run}.json`, JSON.stringify({ ...record, signature }));
  await runOk("docker", ["stop", "-t", "0", quick]);
  await repo.ok(["dump", "-o", repo.path("one.dump")]);
  expect(await isRunning(quick)).toBe(true);
  await runOk("docker", ["stop", "-t", "0", quick]); // by hand, and it stays stopped
  await repo.ok(["dump", "-o", repo.path("two.dump")]);
  expect(await isRunning(quick)).toBe(false);
  expect(repo.openRuns()).toEqual([`${run}.json`]); // its sessions can be ended on its own server only
  await runOk("rm", [`${repo.stateDir}/runs/${run}.json`]);
});

async function idOf(name: string): Promise<string> {
  return (await runOk("docker", ["inspect", "-f", "{{.Id}}", name])).trim();
}
