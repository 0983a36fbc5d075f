import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LoadedConfig, loadConfig } from "../../../src/config/load-config.ts";
import { isActing } from "../../../src/repo/acting-variables.ts";
import {
  listActingVariables,
  listCommands,
  listImages,
  listStore,
  listTold,
  listWorktreeFolder,
} from "../../../src/repo/trust-items.ts";

let base = "";
let root = "";

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), "pgrove-items-"));
  root = join(base, "shop");
  for (const path of ["shop/.git", "other/.git", "shop-worktrees"]) await mkdir(join(base, path), { recursive: true });
  await symlink("/etc", join(base, "away"));
});
afterAll(async () => {
  await rm(base, { recursive: true });
});

async function load(text: string, environment: Record<string, string> = {}): Promise<LoadedConfig> {
  const file = join(root, "pgrove.yaml");
  await writeFile(file, `project: shop\nserver: {container: pg}\n${text}`);
  return await loadConfig(file, { environment });
}

test("every command is a thing by itself, under its key", async () => {
  const text = "worktrees: {setup: [npm ci, make], teardown: [make clean]}\nmigrations: {command: {up: a, status: c}}";
  expect(listCommands((await load(text)).config)).toEqual([
    { key: "worktrees.setup", text: "npm ci" },
    { key: "worktrees.setup", text: "make" },
    { key: "worktrees.teardown", text: "make clean" },
    { key: "migrations.command.up", text: "a" },
    { key: "migrations.command.status", text: "c" },
  ]);
});

test("any image but PostgreSQL's own is one", async () => {
  const images = async (text: string) => listImages((await load(text)).config).map((item) => item.text);
  expect(await images("")).toEqual([]);
  expect(await images('client_image: "postgres:{major}-alpine"')).toEqual([]);
  for (const image of ["evil:18", "evil/postgres:{major}", "postgres@sha256:00", "localhost:5000/postgres:17"]) {
    expect(await images(`client_image: "${image}"`)).toEqual([image]);
  }
});

test("who is told of a dump is one, unless the whole URL is the user's own; it is shown without its secret", async () => {
  const environment = { PING_URL: "https://watch.example/s3cret", ID: "s3cret", EMPTY: "" };
  const items = async (url: string) => {
    const loaded = await load(`dumps: {after_success: {ping: "${url}"}}`, environment);
    return listTold(loaded, environment).map(({ text }) => text);
  };
  expect(await items(`\${PING_URL}`)).toEqual([]);
  expect(await items(`\${EMPTY}`)).toEqual([]);
  expect(await items(`\${UNSET}`)).toEqual([]);
  expect(await items("https://watch.example/s3cret")).toEqual(["watch.example is told of each dump"]);
  expect(await items(`\${UNSET:-https://watch.example/s3cret}`)).toEqual(["watch.example is told of each dump"]);
  expect(await items(`https://watch.example/\${ID}`)).toEqual(["watch.example is told of each dump, and ID"]);
  const loaded = await load(`dumps: {after_success: {ping: "\${PING_URL}"}}`, environment);
  expect(loaded.secrets).toContain(environment.PING_URL);
});

test("who is told of what checks find is one in the same way, and so is a command; another URL is another one", async () => {
  const environment = { HOOK_URL: "https://hooks.example/s3cret", TOKEN: "s3cret" };
  const items = async (entry: string) => {
    const loaded = await load(`notify: [${entry}]`, environment);
    return [...listTold(loaded, environment), ...listCommands(loaded.config)];
  };
  expect(await items(`{webhook: "\${HOOK_URL}"}`)).toEqual([]);
  expect(await items(`{webhook: "\${UNSET}"}`)).toEqual([]);
  const [hook] = await items(`{webhook: "https://hooks.example/\${TOKEN}"}`);
  expect(hook).toMatchObject({
    ...{ key: "notify.webhook", text: "hooks.example is told of what checks find, and TOKEN" },
  });
  const [other] = await items('{webhook: "https://hooks.example/other"}');
  expect(other?.content).not.toBe(hook?.content);
  expect(await items('{ping: "http://a.example/"}')).toMatchObject([{ key: "notify.ping" }]);
  const command = `mail \${HOME}`; // for its own shell
  expect(await items(`{command: "${command}"}`)).toEqual([{ key: "notify.command", text: command }]);
});

describe("variables", () => {
  test.each([
    "PATH",
    "Path",
    "LD_PRELOAD",
    "PGSSLROOTCERT",
    "PGHOSTADDR",
    "SSLKEYLOGFILE",
    "KRB5_CONFIG",
    "R_PROFILE_USER",
    "HISTFILE",
    "NODE_OPTIONS",
    "npm_config_registry",
    "GIT_SSH_COMMAND",
    "https_proxy",
    "PYTHONPATH",
    "TS_NODE_PROJECT",
    "PRISMA_QUERY_ENGINE_LIBRARY",
    "ESBUILD_BINARY_PATH",
    "BashOpts",
  ])("%s acts", (name) => expect(isActing(name)).toBe(true));
  test.each([
    "DATABASE_URL",
    "WEB_PORT",
    "NODE_ENV",
    "PGHOST",
    "COMPOSE_PROJECT_NAME",
    "GOOGLE_CLIENT_ID",
    "PRISMA_LOG",
    "APP_PATH",
  ])("%s does not", (name) => expect(isActing(name)).toBe(false));
  test("are shown with what they are set to", async () => {
    const { config } = await load('env: {set: {DATABASE_URL: "{url}", PATH: "./bin"}}');
    expect(listActingVariables(config)).toEqual([{ key: "env.set", text: "PATH=./bin" }]);
  });

  test("also within a value of several lines, which not every program reads as one value", async () => {
    const value = "a\nexport NODE_OPTIONS=--require ./x";
    const set = { KEY: value, FINE: "-----BEGIN-----\nAb=\n-----END-----" };
    const { config } = await load(`env: {set: ${JSON.stringify(set)}}`);
    expect(listActingVariables(config)).toEqual([{ key: "env.set", text: `KEY=${value}` }]);
  });
});

describe("the folder of worktrees", () => {
  const isAsked = async (dir: string) => {
    const loaded = await load(`worktrees: {dir: "${dir}"}`);
    return (await listWorktreeFolder(loaded, { base: root, own: [] })).length > 0;
  };
  test.each([
    "../{repo}-worktrees/{name}",
    "../{name}",
    "../worktrees/{repo}/{name}",
    ".worktrees/{name}",
    "wt/{name}",
  ])("%s is within the repository or beside it", async (dir) => expect(await isAsked(dir)).toBe(false));
  test.each([
    ...["../../{name}", "/srv/{name}", "../other/{name}", "../other/sub/{name}", "../.config/{name}"],
    ...["../away/{name}", ".git/hooks/{name}", "../{name}/../../x/{name}"],
  ])("%s is elsewhere", async (dir) => expect(await isAsked(dir)).toBe(true));
});

test("a store within the repository is one, unless BACKUP_DIR names another", async () => {
  const store = async (dir: string, environment = {}) => {
    const loaded = await load(`dumps: {dir: "${dir}"}`);
    const own = [root, join(base, "shop-worktrees/a")];
    return (await listStore(loaded, { base: root, own }, { environment, home: base })).map((item) => item.text);
  };
  expect(await store("dumps")).toEqual(["dumps"]);
  expect(await store("../shop-worktrees/a/dumps")).toEqual(["../shop-worktrees/a/dumps"]);
  expect(await store("~/shop/dumps")).toEqual(["~/shop/dumps"]);
  expect(await store("../dumps")).toEqual([]);
  expect(await store("dumps", { BACKUP_DIR: "/elsewhere" })).toEqual([]);
});
