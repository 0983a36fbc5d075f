/** The API of the compiled program does what the command line does. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { waitFor } from "../../support/engine/run.ts";
import { makeProject } from "../../support/serve/project.ts";
import { Served } from "../../support/serve/served.ts";
import type { Grove } from "../../support/worktrees/grove.ts";

let grove: Grove;
let served: Served;

beforeAll(async () => {
  grove = await makeProject(import.meta.path);
  served = await Served.start(grove.repo);
});

afterAll(async () => {
  await served?.[Symbol.asyncDispose]();
  await grove?.[Symbol.asyncDispose]();
});

test("the bodies of the admin paths do what they say", async () => {
  const migrate = "/api/admin/database/migrate";
  const body = { target: "head", dry_run: true, skip_backup: false, force: false };
  const plan = await served.post(migrate, body, 200);
  expect(plan).toMatchObject({ dry_run: true, to: "2" });
  expect(await grove.ask(grove.project, "select to_regclass('users')::text")).toBeNull();

  const applied = await served.work(migrate, { ...body, dry_run: false });
  expect(applied).toMatchObject({ state: "done", answer: { to: "2" } });
  expect((await grove.repo.journal()).map(({ run }) => run)).toContain(applied.run);
  expect(await served.get("/api/admin/database/status")).toMatchObject({
    target: "main",
    database: { migration: "2" },
  });

  const seed = { seed_type: "all", count: 100, clean_first: false, use_upsert: true, environment: "development" };
  expect(await served.work("/api/admin/database/seed", seed)).toMatchObject({ state: "done" });
  const { tables } = await served.get("/api/admin/database/stats");
  expect(tables).toContainEqual(expect.objectContaining({ name: "users", rows: 100 })); // not stale after a write

  const parameters = { user_count: 10, ssh_profiles_per_user: 3 };
  const generate = { scenario: "user_onboarding", parameters };
  expect(await served.work("/api/dev/test-data/generate", generate)).toMatchObject({ state: "done" });
  const counts = "select (select count(*) from users) || ' ' || (select count(*) from orders)";
  expect(await grove.ask(grove.project, counts)).toBe("110 103");

  const cleanup = { older_than_hours: 0, include_test_users: true, data_types: ["orders"] };
  expect(await served.work("/api/dev/cleanup", cleanup)).toMatchObject({ state: "done" });
  expect(await grove.ask(grove.project, counts)).toBe("0 0");
});

test("a protected environment wants its name; force does not do", async () => {
  const path = "/api/admin/database/migrate?on=@production";
  const refused = await served.work(path, { force: true, skip_backup: true });
  expect(refused).toMatchObject({ state: "failed", error: { code: "protected" } });
  const wrong = await served.work(path, { force: true, skip_backup: true, confirm: "staging" });
  expect(wrong).toMatchObject({ state: "failed", error: { code: "protected" } });
  const done = await served.work(path, { skip_backup: true, confirm: "production" });
  expect(done).toMatchObject({ state: "done", answer: { to: "2" } });
});

test("what destroys wants the name, and says before what is lost", async () => {
  await served.work("/api/v1/worktrees", { branch: "lost" });
  const path = "/api/v1/worktrees/lost/remove";
  expect(await served.post(path, {}, 409)).toMatchObject({ error: { code: "consent" } });
  const plan = await served.post(path, { dry_run: true }, 200);
  expect(plan).toMatchObject({ worktree: "lost", databases: [{ database: `${grove.project}_lost` }] });
  expect(await served.work(path, { confirm: "lots" })).toMatchObject({ state: "failed", error: { code: "consent" } });
  expect(await grove.databaseNames()).toContain(`${grove.project}_lost`);
  expect(await served.work(path, { confirm: "lost" })).toMatchObject({ state: "done" });
  expect(await grove.databaseNames()).not.toContain(`${grove.project}_lost`);
});

test("a job tells its progress as it goes, to its end", async () => {
  const { job } = (await served.post("/api/v1/targets/main/dumps", {})) as { job: { id: string } };
  const stream = await served.ask(`/api/v1/jobs/${job.id}/events`, { headers: { accept: "text/event-stream" } });
  const states = [...stream.text.matchAll(/^data: (.*)$/gm)].map(([, data = ""]) => JSON.parse(data).state);
  expect(states.at(-1)).toBe("done");
});

test("one job at a time changes a target; the command line sees it as busy, and a job the command line", async () => {
  await grove.ask(grove.project, "create table slow as select 1 as one");
  const holder = await holdTable("slow");
  const { job } = (await served.post("/api/v1/targets/main/dumps", {})) as { job: { id: string } };
  try {
    await waitFor("the dump's claim", 30_000, async () => grove.repo.openRuns().length > 0);
    expect(await grove.fails(5, ["copy", "@production", "--to", "main", "--yes"])).toContain("another run");
    const other = await served.post("/api/v1/targets/main/snapshots", {}, 409);
    expect(other).toMatchObject({ error: { code: "busy" } });
    expect(await served.post(`/api/v1/jobs/${job.id}/cancel`, {}, 200)).toMatchObject({ job: { state: "cancelled" } });
    const dumping = grove.repo.run(["dump", "main"]);
    const waiting = "select count(*) > 0 from pg_locks where not granted and relation = 'slow'::regclass";
    const isWaiting = async () => (await grove.ask(grove.project, waiting)) === true;
    await waitFor("the dump of the command line, in the midst of its work", 30_000, isWaiting);
    const copy = await served.work("/api/v1/targets/main/copy", { source: "@production", confirm: "main" });
    expect(copy).toMatchObject({ state: "failed", error: { message: expect.stringContaining("another run") } });
    await holder();
    expect((await dumping).code).toBe(0);
  } finally {
    await holder();
  }
  expect(grove.repo.openRuns()).toEqual([]);
});

test("looking at the checks tells nobody of notify", async () => {
  const heard: string[] = [];
  const listen = async (request: Request) => new Response(String(heard.push(await request.text())));
  await using hook = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: listen });
  const yaml = `checks: {always: {condition: dumps >= 0}}\nnotify: [{webhook: "http://127.0.0.1:${hook.port}/"}]\n`;
  await withYaml(yaml, async () => {
    await grove.ok(["trust", "--yes"]);
    const { findings } = await served.get("/api/v1/checks?target=main");
    expect(findings).toContainEqual(expect.objectContaining({ rule: "always" }));
    expect(heard).toEqual([]);
    await grove.fails(6, ["check", "main"]);
    expect(heard).toEqual([expect.stringContaining("always")]);
  });
});

test("pgrove.yaml changed under the server asks for trust again", async () => {
  const marker = grove.repo.path("was-run");
  await withYaml(`worktrees: {setup: ["touch ${marker}"]}\n`, async () => {
    const job = await served.work("/api/v1/worktrees", { branch: "untrusted" });
    expect(job.state).toBe("failed");
    expect(job.error?.hint).toContain("pgrove trust");
    expect(await Bun.file(marker).exists()).toBe(false);
  });
});

/** With more in pgrove.yaml meanwhile. */
async function withYaml(more: string, body: () => Promise<void>): Promise<void> {
  const file = join(grove.repo.folder, "pgrove.yaml");
  const before = await Bun.file(file).text();
  try {
    await writeFile(file, before + more);
    await body();
  } finally {
    await writeFile(file, before);
  }
}

/** Holds a table so that a dump of it waits. Gives the way to let go. */
async function holdTable(table: string): Promise<() => Promise<void>> {
  const { connect } = await import("../../support/faults/world.ts");
  const sql = connect(grove.server, grove.project);
  const [held, free] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const holding = sql.begin(async (inside) => {
    await inside.unsafe(`lock table ${table} in access exclusive mode`);
    held.resolve();
    await free.promise;
  });
  await held.promise;
  return async () => {
    free.resolve();
    await holding;
    await sql.end();
  };
}
