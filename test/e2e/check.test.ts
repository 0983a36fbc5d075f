/** `check` and `metrics` as cron and CI run them: exit codes, who is told of what and when, and nothing secret anywhere. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { uniqueName } from "../support/database.ts";
import { sharedServer, type TestServer } from "../support/engine/server.ts";
import { TestRepo } from "./support.ts";

const SECRET = "T0K3N-of-the-hook";
const database = uniqueName("watch");
const heard: { path: string; body: string }[] = [];
let answer = 200;
let server: TestServer;
let repo: TestRepo;
const hook = Bun.serve({
  ...{ port: 0, hostname: "127.0.0.1" },
  fetch: async (request) => {
    heard.push({ path: new URL(request.url).pathname, body: await request.text() });
    return new Response("", { status: answer });
  },
});

const YAML = (rules: string) => `project: watched
server: {container: ${server.container}}
database: {name: ${database}}
checks:
  grown: {condition: "database_size > 1B", severity: critical, message: "{target} has {value}: 100%"}
${rules}notify:
  - {webhook: "\${HOOK_URL}", format: slack}
  - {command: 'printf "%s" "$PGROVE_FINDINGS" > told.json'}
  - {ping: "http://127.0.0.1:${hook.port}/alive"}
`;
const env = { HOOK_URL: `http://127.0.0.1:${hook.port}/${SECRET}` };

beforeAll(async () => {
  server = await sharedServer(17);
  await server.createDatabase(database);
  repo = await TestRepo.create({ "pgrove.yaml": YAML("") });
});
afterAll(async () => {
  await hook.stop(true);
  await repo.remove();
  await server.psql("postgres", `drop database ${database} with (force)`);
});

test("a rule of pgrove.yaml fires: exit 6, with its figure; --fail-on and --only choose; GitHub gets annotations", async () => {
  const found = await repo.run(["check", "--only", "grown", "--json"], { env: { ...env, GITHUB_ACTIONS: "true" } });
  expect(found.code).toBe(6);
  const { findings, notified } = JSON.parse(found.stdout);
  expect(findings).toMatchObject([
    { rule: "grown", severity: "critical", target: "main", limit: 1, unit: "bytes", hint: "pgrove stats main" },
  ]);
  expect(found.stderr).toContain("::error title=pgrove check%3A grown of main::main has ");
  expect(found.stderr).toContain(": 100%25%0Anext: pgrove stats main");
  expect([notified, heard, existsSync(join(repo.root, "told.json"))]).toEqual([[], [], false]); // nothing was approved
  expect(found.stderr).toContain("pgrove trust");
  const words = await repo.run(["check", "--only", "dump_age", "--only", "no_dump"], { env });
  expect([words.code, words.stdout]).toEqual([0, expect.stringContaining("there is no dump of main  [no_dump]")]);
  expect((await repo.run(["check", "--only", "no_dump", "--fail-on", "info"], { env })).code).toBe(6);
  expect(await repo.run(["check", "--only", "grwn"], { env })).toMatchObject({
    ...{ code: 2, stderr: expect.stringContaining("did you mean grown?") },
  });
});

test("who is named in notify is told of what has changed, once; again where it was not heard; and never sees a secret", async () => {
  const trust = await repo.run(["trust", "--yes"], { env });
  const listed = await repo.run(["trust", "--list"], { env });
  expect(trust.code).toBe(0);
  const check = async () =>
    JSON.parse((await repo.run(["check", "--only", "grown", "--json"], { env })).stdout).notified;
  answer = 404;
  expect(await check()).toMatchObject([
    { way: "webhook", changes: 1, error: expect.stringContaining("404") },
    { way: "command", changes: 1, error: null },
  ]);
  answer = 200;
  expect(await check()).toEqual([{ way: "webhook", changes: 1, error: null }]);
  expect(await check()).toEqual([]);
  expect(JSON.parse(heard.at(-1)?.body ?? "").text).toContain("critical: main has");
  expect(readFileSync(join(repo.root, "told.json"), "utf8")).toContain('"change":"fires"');
  await repo.write("pgrove.yaml", YAML('  other: {condition: "dumps == 0"}\n').replace("> 1B", "> 9TB"));
  expect(await check()).toEqual([
    ...[
      { way: "webhook", changes: 1, error: null },
      { way: "command", changes: 1, error: null },
    ],
    { way: "ping", changes: null, error: null },
  ]);
  expect(heard.at(-1)).toEqual({ path: "/alive", body: "" });
  expect(readFileSync(join(repo.root, "told.json"), "utf8")).toContain('"change":"resolved"');
  const state = readFileSync(join(repo.root, ".git/pgrove/checks.json"), "utf8");
  for (const text of [listed.stdout, trust.stdout, trust.stderr, state]) expect(text).not.toContain(SECRET);
});

test("metrics: one file for node_exporter, whole and for all to read; the same figures as JSON", async () => {
  const file = join(repo.root, "metrics.prom");
  expect(await repo.run(["metrics", "--textfile", "metrics.prom"], { env })).toMatchObject({
    code: 0,
    stdout: `${file}\n`,
  });
  expect(statSync(file).mode & 0o777).toBe(0o644);
  const text = readFileSync(file, "utf8");
  expect(text).toContain('pgrove_up{target="main",project="watched"} 1');
  expect(text).not.toContain(SECRET);
  const { metrics } = JSON.parse((await repo.run(["metrics", "--format", "json"], { env })).stdout);
  const names = [...text.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name);
  expect(metrics.map(({ name }: { name: string }) => name)).toEqual(names);
});
