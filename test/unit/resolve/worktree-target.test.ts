import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Environment } from "../../../src/config/env-vars.ts";
import { loadConfig } from "../../../src/config/load-config.ts";
import { updateRegistry, type WorktreeRow } from "../../../src/repo/registry.ts";
import type { TargetPlace } from "../../../src/resolve/target-place.ts";
import { findOwnRow, findRow, mainTarget, requireReady, worktreeTarget } from "../../../src/resolve/worktree-target.ts";
import { systemRunner } from "../../../src/sys/process.ts";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "pgrove-worktree-target-")));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ID = "11111111-2222-4333-8444-555555555555";
const row: WorktreeRow = {
  ...{ id: ID, name: "feature-x", branch: "feature/x", path: join(folder, "linked"), index: 1 },
  ...{ isolation: "database", database: "onyx_feature_x", ports: {}, data: { kind: "empty" } },
  ...{ state: "ready", setup: "done", createdAt: "2026-01-01T00:00:00.000Z" },
};
const gitDir = join(folder, ".git/worktrees/linked");
const stateDir = join(folder, ".git/pgrove");

beforeAll(async () => {
  mkdirSync(gitDir, { recursive: true });
  await updateRegistry(stateDir, (rows) => {
    rows.push(row);
  });
});

async function load(yaml: string, environment: Environment = {}) {
  writeFileSync(join(folder, "pgrove.yaml"), yaml);
  const loaded = await loadConfig(join(folder, "pgrove.yaml"), { environment });
  const place: TargetPlace = {
    ...{ cwd: folder, environment, envFile: undefined, config: async () => loaded },
    repository: async () => ({
      ...{ root: row.path, gitDir, commonDir: join(folder, ".git"), isMain: false, mainRoot: folder },
    }),
    stateDir: async () => stateDir,
    serverTools: async () => ({ runner: systemRunner, clientImage: "", stageParent: folder, note: () => undefined }),
    requireApproved: async () => undefined,
    note: () => undefined,
  };
  return { loaded, place };
}

const CONTAINER = "project: onyx\nserver: {container: pg}\ndatabase: {name: onyx, user: app, password: secret}\n";

describe("the target of a worktree", () => {
  test("isolation database: main's server and login, its own database", async () => {
    const { loaded, place } = await load(CONTAINER);
    expect(await worktreeTarget(row, loaded, place)).toMatchObject({
      ...{ label: "feature-x", name: "feature-x", protected: false, worktree: row },
      server: { kind: "container", container: "pg" },
      login: { database: "onyx_feature_x", user: "app", password: "secret" },
    });
    expect(await mainTarget(loaded, place)).toMatchObject({ name: "main", login: { database: "onyx" } });
  });

  test("services belong to main, and to a compose project of a worktree's own", async () => {
    const served = async (isolation: WorktreeRow["isolation"], server: string) => {
      const { loaded, place } = await load(`project: onyx\nserver: ${server}\nservices: [api]\n`);
      const targets = [mainTarget(loaded, place), worktreeTarget({ ...row, isolation, project: "p" }, loaded, place)];
      return (await Promise.all(targets)).map(({ hasServices }) => hasServices ?? false);
    };
    const compose = "{compose: {file: compose.yml, service: db}}";
    expect(await served("database", compose)).toEqual([true, false]);
    expect(await served("schema", compose)).toEqual([true, false]);
    expect(await served("container", compose)).toEqual([true, true]);
    expect(await served("container", "{local: {}}")).toEqual([true, false]);
  });

  test("isolation schema: main's database with a schema of its own, and main's is one of its schemas", async () => {
    const { loaded, place } = await load(`${CONTAINER}isolation: schema\n`);
    const inSchema: WorktreeRow = { ...row, isolation: "schema", database: "onyx", schema: "onyx_feature_x" };
    const target = await worktreeTarget(inSchema, loaded, place);
    expect(target).toMatchObject({ schema: "onyx_feature_x", login: { database: "onyx" } });
    expect(await mainTarget(loaded, place)).toMatchObject({ schema: "public" });
  });

  test("isolation container needs a server that each worktree can have", async () => {
    const { loaded, place } = await load(CONTAINER);
    const own: WorktreeRow = { ...row, isolation: "container", project: "onyx-feature-x" };
    await expect(worktreeTarget(own, loaded, place)).rejects.toMatchObject({ exit: 3 });
  });

  test("a shell in a worktree, whose DATABASE_URL names its own database, does not make that main's", async () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: this is how pgrove.yaml is written
    const yaml = "project: onyx\nserver: {url: '${DATABASE_URL}'}\n";
    const own = await load(yaml, { DATABASE_URL: "postgres://app@127.0.0.1:5432/onyx_feature_x" });
    await expect(mainTarget(own.loaded, own.place)).rejects.toMatchObject({
      ...{ exit: 3, message: expect.stringContaining("the database of the worktree feature-x") },
    });
    const mains = await load(yaml, { DATABASE_URL: "postgres://app@127.0.0.1:5432/onyx" });
    expect(await mainTarget(mains.loaded, mains.place)).toMatchObject({ name: "main" });
    const named = await load(CONTAINER.replace("name: onyx", "name: onyx_feature_x"));
    await expect(mainTarget(named.loaded, named.place)).rejects.toMatchObject({
      ...{ exit: 3, message: expect.stringContaining("database.name names onyx_feature_x") },
    });
  });
});

describe("whose row it is", () => {
  test("by the worktree's name, the branch that is checked out there, and the folder that one stands in", async () => {
    const { place } = await load(CONTAINER);
    expect(await findRow("feature-x", place)).toEqual(row);
    expect(await findRow("feature", place)).toBeUndefined();
    expect(await findOwnRow(place)).toBeUndefined();
    mkdirSync(row.path, { recursive: true });
    writeFileSync(join(row.path, ".git"), `gitdir: ${gitDir}\n`);
    writeFileSync(join(gitDir, "gitdir"), `${join(row.path, ".git")}\n`);
    writeFileSync(join(gitDir, "HEAD"), "ref: refs/heads/other\n");
    writeFileSync(join(gitDir, "pgrove-id"), `${ID}\n`);
    expect(await findOwnRow(place)).toEqual(row);
    expect(await findRow("other", place)).toEqual(row);
    expect(await findRow("feature/x", place)).toBeUndefined(); // the branch that it was made for
    writeFileSync(join(gitDir, "pgrove-id"), `${ID.replace("1", "9")}\n`);
    expect(await findOwnRow(place)).toBeUndefined();
  });

  test("one that is not finished, or half removed, is no target", () => {
    expect(requireReady(row)).toBe(row);
    const attempt = (state: WorktreeRow["state"]) => () => requireReady({ ...row, state });
    expect(attempt("creating")).toThrow("something stopped it on the way");
    expect(attempt("removing")).toThrow("half removed");
  });
});
