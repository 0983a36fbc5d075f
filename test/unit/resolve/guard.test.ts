/** A protected environment's database is protected under every name that it has. */
import { afterAll, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Environment } from "../../../src/config/env-vars.ts";
import { loadConfig } from "../../../src/config/load-config.ts";
import { rememberVisit } from "../../../src/resolve/identities.ts";
import { requireConsent } from "../../../src/resolve/protection.ts";
import { resolveTarget } from "../../../src/resolve/resolve.ts";
import type { TargetPlace } from "../../../src/resolve/target-place.ts";
import { systemRunner } from "../../../src/sys/process.ts";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "pgrove-guard-")));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const PROD = "postgres://app:s@127.0.0.1:7001/prod";
writeFileSync(
  join(folder, "pgrove.yaml"),
  // biome-ignore lint/suspicious/noTemplateCurlyInString: this is how pgrove.yaml is written
  "project: shop\nserver: {url: '${DATABASE_URL:-postgres://app@127.0.0.1:7001/dev}'}\nenvironments:\n  production: {env_file: .env.production, protected: true}\n  gone: {env_file: .env.gone, protected: true}\n  other: {env_file: .env.other}\n",
);
for (const name of [".env.production", ".env.other", "copy.env"])
  writeFileSync(join(folder, name), `DATABASE_URL=${PROD}\n`);
symlinkSync(".env.production", join(folder, "link.env"));
const stateDir = join(folder, "state");
beforeEach(() => rmSync(stateDir, { recursive: true, force: true }));

function place({ environment = {}, envFile }: { environment?: Environment; envFile?: string } = {}): TargetPlace {
  return {
    ...{ cwd: folder, environment, envFile },
    config: () => loadConfig(join(folder, "pgrove.yaml"), { environment }),
    repository: async () => undefined,
    stateDir: async () => stateDir,
    serverTools: async () => ({
      ...{ runner: systemRunner, clientImage: "postgres:{major}", stageParent: folder, note: () => undefined },
    }),
    requireApproved: async () => undefined,
    note: () => undefined,
  };
}

test.each([
  ["its URL", PROD, {}],
  ["a URL by another name of this machine", "postgres://me@localhost:7001/prod", {}],
  ["a URL by the address of all of this machine", "postgres://me@0.0.0.0:7001/prod", {}],
  ["a short address", "postgres://me@127.1:7001/prod", {}],
  ["its address as IPv6", "postgres://me@[::ffff:127.0.0.1]:7001/prod", {}],
  ["IPv6 at length", "postgres://me@[0:0:0:0:0:0:0:1]:7001/prod", {}],
  ["IPv6 for all of this machine", "host=:: port=7001 dbname=prod user=me", {}],
  ["capital letters and a dot", "postgres://me@LOCALHOST.:7001/prod", {}],
  ["a URL with the place in its parameters", "postgres://me@db.example/dev?host=127.0.0.1&port=7001&dbname=prod", {}],
  ["a URL with several servers, one of them it", "postgres://me@db.example:1,127.0.0.1:7001/prod", {}],
  ["a socket of its port", "postgres://me@/prod?host=/run/postgresql&port=7001", {}],
  ["a connection string", "host=127.0.0.1 port=7001 dbname=prod user=me", {}],
  ["JDBC's URL", "jdbc:postgresql://127.0.0.1:7001/prod?user=me", {}],
  ["another environment", "@other", {}],
  ["a copy of its env file", undefined, { envFile: "copy.env" }],
  ["a link to its env file", undefined, { envFile: "link.env" }],
  ["main, by a variable", "main", { environment: { DATABASE_URL: PROD } }],
])("%s", async (_what, text, options) => {
  const target = await resolveTarget(text, place(options));
  expect(target).toMatchObject({ protected: true, protectedAs: "production" });
  const nobody = { available: false, confirm: async () => true, word: async () => "" };
  const loss = { target, what: "it is replaced", command: "pgrove restore x" };
  await expect(requireConsent(loss, { yes: true, confirm: undefined, prompt: nobody })).rejects.toMatchObject({
    ...{ code: "protected", exit: 5, hint: "pgrove restore x --confirm production" },
    message: expect.stringContaining(target.label),
  });
  await requireConsent(loss, { yes: false, confirm: "production", prompt: nobody });
});

test.each([
  ["production itself", "@production"],
  ["its URL", PROD],
])("a branch without the protection takes it from nobody: %s", async (_what, text) => {
  const linked = join(folder, "linked");
  mkdirSync(linked, { recursive: true });
  writeFileSync(join(linked, ".git"), "gitdir: ../.git/worktrees/linked\n");
  writeFileSync(join(linked, ".env.production"), `DATABASE_URL=${PROD}\n`);
  const file = join(linked, "pgrove.yaml");
  writeFileSync(file, "project: shop\nserver: {local: {}}\nenvironments: {production: {env_file: .env.production}}\n");
  const target = await resolveTarget(text, {
    ...{ ...place(), cwd: linked },
    config: () => loadConfig(file, { environment: {} }),
    repository: async () => ({
      ...{ root: linked, mainRoot: folder, isMain: false },
      ...{ gitDir: join(folder, ".git/worktrees/linked"), commonDir: join(folder, ".git") },
    }),
  });
  expect(target).toMatchObject({ protected: true });
  expect(target.protectedAs ?? target.environment).toBe("production");
});

test.each(["main", "postgres://me@127.0.0.1:7001/prod2", "postgres://me@127.0.0.1:7002/prod"])(
  "what is another database is as free as before: %s",
  async (text) => {
    const target = await resolveTarget(text, place());
    expect(target.protected).toBe(false);
    expect(target).not.toHaveProperty("protectedAs");
  },
);

test("what was seen to be the same on the last visits is protected, also where the env file is away", async () => {
  const identity = { system: "7301", oid: "16384" };
  await rememberVisit(stateDir, { ...identity, server: "server at db:1", database: "app", environment: "gone" });
  await rememberVisit(stateDir, { ...identity, server: "server at pooler:2", database: "app" });
  await rememberVisit(stateDir, { ...identity, oid: "9", server: "server at db:1", database: "free" });
  const pooled = await resolveTarget("postgres://me@pooler:2/app", place());
  expect(pooled).toMatchObject({ protected: true, protectedAs: "gone" });
  expect((await resolveTarget("postgres://me@pooler:2/never-seen", place())).protected).toBe(false);
  expect((await resolveTarget("postgres://me@db:1/free", place())).protected).toBe(false);
});

test("a list of visits that is damaged is as none", async () => {
  await rememberVisit(stateDir, { system: "1", oid: "1", server: "s", database: "d" });
  writeFileSync(join(stateDir, "visited.json"), "{");
  expect((await resolveTarget("main", place())).protected).toBe(false);
});

test.each(["postgres:app:CANARY@db.example/dev", "postgresql:/app:CANARY@db.example/dev"])(
  "a URL without its slashes is no worktree's name, and its password is not shown: %s",
  async (text) => {
    const refused = await resolveTarget(text, place()).catch((error: unknown) => error);
    expect(refused).toMatchObject({ exit: 3 });
    expect(JSON.stringify(refused) + String(refused)).not.toContain("CANARY");
  },
);
