/** What `check` remembers of a target is that target's: whatever it is called, and until it is gone. */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sharedServer, type TestServer } from "../support/engine/server.ts";
import { Grove } from "../support/worktrees/grove.ts";

interface Told {
  change: string;
  target: string;
  message: string;
}

let servers: TestServer[];
let grove: Grove;
let heard: Told[] = [];
const hook = Bun.serve({
  ...{ port: 0, hostname: "127.0.0.1" },
  fetch: async (request) => {
    const { changes } = (await request.json()) as { changes: Told[] };
    heard.push(...changes);
    return new Response();
  },
});

const YAML = (environment: string) => `
checks:
  grown: {condition: "database_size > 1B"}
  full: {condition: "store_disk_free > 1B"}
notify: [{webhook: "\${HOOK_URL}"}]
environments: {${environment}: {env_file: .env.stage}}
`;
const env = { HOOK_URL: `http://127.0.0.1:${hook.port}/` };

beforeAll(async () => {
  servers = await Promise.all([sharedServer(17), sharedServer(18)]);
  grove = await Grove.create(servers[0] as TestServer, { yaml: YAML("staging") });
  await servers[1]?.createDatabase(grove.project);
  await grove.repo.run(["trust", "--yes"], { env });
});
afterEach(() => {
  heard = [];
});
afterAll(async () => {
  await hook.stop(true);
  await servers[1]?.psql("postgres", `drop database "${grove.project}" with (force)`);
  await grove[Symbol.asyncDispose]();
});

/** Checks, and resolves with who was told of what. */
async function check(...args: string[]): Promise<string[]> {
  heard = [];
  await grove.fails(6, ["check", "--only", "grown", ...args], { env });
  return heard.map(({ change, target }) => `${change} ${target}`).sort();
}

const memory = () => readFileSync(join(grove.repo.stateDir, "checks.json"), "utf8");

test("of a worktree that was removed it is told once that nothing holds any more; one that is made anew is another", async () => {
  await grove.make("feature");
  expect(await check("--all")).toEqual(["fires feature", "fires main"]);
  const [{ id } = {}] = (await grove.rows()) as { id: string }[];
  expect(memory()).toContain(String(id));
  await grove.ok(["remove", "feature", "--yes"]);
  await grove.make("feature");
  expect(await check("--all")).toEqual(["fires feature", "resolved feature"]);
  expect(heard.find(({ change }) => change === "resolved")?.message).toContain("the target is gone");
  expect(memory()).not.toContain(String(id));
  await grove.ok(["remove", "feature", "--yes"]);
  expect(await check()).toEqual(["resolved feature"]);
  expect(await check("--all")).toEqual([]);
});

test("what was not heard of one that is gone is told again", async () => {
  await grove.make("quiet");
  await check("--all");
  await grove.ok(["remove", "quiet", "--yes"]);
  await grove.fails(6, ["check", "--only", "grown", "--no-notify"], { env });
  expect(await check()).toEqual(["resolved quiet"]);
});

test("of an environment that has another name now it is told, by the next check of anything", async () => {
  const server = servers[0] as TestServer;
  const url = `postgres://${server.user}:${server.password}@127.0.0.1:${server.port}/${grove.project}`;
  await Bun.write(join(grove.repo.folder, ".env.stage"), `DATABASE_URL=${url}\n`);
  expect(await check("@staging")).toEqual(["fires staging"]);
  const file = join(grove.repo.folder, "pgrove.yaml");
  writeFileSync(file, readFileSync(file, "utf8").replace("{staging:", "{stage:"));
  expect(await check()).toEqual(["resolved staging"]);
  expect(await check("@stage")).toEqual(["fires stage"]);
});

test("two databases of one name on two servers are two, and what is of the repository is told once", async () => {
  const urls = servers.map(
    ({ user, password, port }) => `postgres://${user}:${password}@127.0.0.1:${port}/${grove.project}`,
  );
  const [one = "", other = ""] = urls;
  expect(await check(one, "--only", "full")).toEqual([`fires ${grove.project}`, `fires ${grove.project}`]);
  expect(await check(other, "--only", "full")).toEqual([`fires ${grove.project}`]);
  expect(await check(one)).toEqual([]);
  expect(memory()).not.toContain(`"${(servers[1] as TestServer).password}"`);
});

test("what an older version has written down still counts", async () => {
  const file = join(grove.repo.stateDir, "checks.json");
  const { told } = JSON.parse(memory());
  const [way = ""] = Object.keys(told);
  writeFileSync(file, JSON.stringify({ version: 1, since: {}, told: { [way]: ["grown main", "grown elsewhere"] } }));
  expect(await check()).toEqual([]);
  expect(await check()).toEqual([]);
});
