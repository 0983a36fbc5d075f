import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Environment } from "../../../src/config/env-vars.ts";
import { loadConfig } from "../../../src/config/load-config.ts";
import { PgroveError } from "../../../src/errors.ts";
import { resolveTarget, targetWords } from "../../../src/resolve/resolve.ts";
import type { TargetPlace } from "../../../src/resolve/target-place.ts";
import { systemRunner } from "../../../src/sys/process.ts";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "pgrove-resolve-")));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

writeFileSync(
  join(folder, "pgrove.yaml"),
  `project: onyx
server: {compose: {file: deploy/compose.yml, service: db, profiles: [dev]}}
database: {name: onyx, password: "\${DB_PASSWORD:-word}"}
environments:
  staging: {env_file: .env.staging}
  production: {env_file: .env.production, protected: true}
  broken: {env_file: .env.broken}
`,
);
writeFileSync(join(folder, ".env.staging"), "DATABASE_URL=postgres://app:s@staging.example:6432/app?sslmode=require\n");
writeFileSync(join(folder, ".env.production"), "DATABASE_HOST=prod.example\nDATABASE_NAME=app\nDATABASE_USER=app\n");
writeFileSync(join(folder, ".env.broken"), "NOTHING=here\n");

function place(options: { environment?: Environment; envFile?: string; config?: boolean } = {}) {
  const notes: string[] = [];
  const environment = options.environment ?? {};
  const here: TargetPlace = {
    cwd: folder,
    environment,
    envFile: options.envFile,
    config: async () =>
      options.config === false ? undefined : await loadConfig(join(folder, "pgrove.yaml"), { environment }),
    repository: async () => undefined,
    stateDir: async () => join(folder, "state"),
    serverTools: async () => ({
      runner: systemRunner,
      clientImage: "postgres:{major}",
      stageParent: folder,
      note: () => undefined,
    }),
    requireApproved: async () => undefined,
    note: (text) => notes.push(text),
  };
  return { here, notes };
}

async function mistake(text: string | undefined, here: TargetPlace): Promise<PgroveError> {
  const error: unknown = await resolveTarget(text, here).catch((caught: unknown) => caught);
  if (error instanceof PgroveError) return error;
  throw new Error(`it is a target: ${JSON.stringify(error)}`);
}

describe("with a pgrove.yaml", () => {
  test.each([[undefined], ["main"]])("%p is main, with the server and login of the file", async (text) => {
    expect(await resolveTarget(text, place().here)).toEqual({
      server: { kind: "compose", files: [join(folder, "deploy/compose.yml")], service: "db", profiles: ["dev"] },
      login: { database: "onyx", password: "word" },
      label: "main",
      name: "main",
      protected: false,
      guards: ["production"],
      hasServices: true,
    });
  });

  test("@environment is the database of its env file", async () => {
    const target = await resolveTarget("@staging", place().here);
    expect(target).toMatchObject({ name: "staging", environment: "staging", protected: false });
    expect(target.label).toBe("staging (.env.staging)");
    expect(target.server).toEqual({
      kind: "url",
      connection: {
        ...{ host: "staging.example", port: 6432, user: "app", password: "s", database: "app" },
        parameters: { sslmode: "require" },
      },
    });
    expect(await resolveTarget("@production", place().here)).toMatchObject({ protected: true });
  });

  test("the file counts where the shell disagrees, and people are told, without the values", async () => {
    const { here, notes } = place({ environment: { DATABASE_URL: "postgres://me:secret@wrong.example/x" } });
    const target = await resolveTarget("@staging", here);
    expect(target.server).toMatchObject({ connection: { host: "staging.example" } });
    expect(notes.join("\n")).toContain("DATABASE_URL");
    expect(notes.join("\n")).not.toContain("secret");
  });

  test("--env-file is a target of its own; under the protection of the environment that has the same file", async () => {
    const target = await resolveTarget(undefined, place({ envFile: "./.env.production" }).here);
    expect(target).toMatchObject({ label: "app (./.env.production)", environment: "production", protected: true });
    const staging = await resolveTarget(undefined, place({ envFile: ".env.staging" }).here);
    expect(staging).toMatchObject({ name: "app", environment: "staging", protected: false });
    expect((await resolveTarget("main", place({ envFile: ".env.staging" }).here)).label).toBe("main");
  });

  test("a URL is taken as it is; the label has no password", async () => {
    const target = await resolveTarget("postgresql://me:p%40ss@db.example/shop", place().here);
    expect(target).toMatchObject({ label: "shop on db.example:5432", name: "shop", protected: false });
    expect(target.label).not.toContain("ss@");
  });

  test.each([
    ["mian", 4, "worktree_missing", "did you mean main?"],
    ["staging", 4, "worktree_missing", "did you mean @staging?"],
    ["feature-x", 4, "worktree_missing", "targets here: main, @staging"],
    ["@stagign", 4, "environment_missing", "did you mean @staging?"],
    ["@nothing-like-it", 4, "environment_missing", "known: @staging, @production"],
    ["@toString", 4, "environment_missing", "known"],
    ["@__proto__", 4, "environment_missing", "known"],
    ["@broken", 3, "config", "DATABASE_URL"],
    ["postgres://h:99999/x", 3, "config", ""],
  ])("%s is refused", async (text, exit, code, hint) => {
    const error = await mistake(text, place().here);
    expect<unknown>([error.exit, error.code]).toEqual([exit, code]);
    expect(`${error.message}\n${error.hint}`).toContain(hint);
  });

  test("the words for completion", async () => {
    expect(await targetWords(place().here)).toEqual(["main", "@staging", "@production", "@broken"]);
    expect(await targetWords({ ...place().here, config: async () => undefined })).toEqual([]);
  });
});

describe("without a pgrove.yaml", () => {
  const without = (options: Parameters<typeof place>[0] = {}) => place({ ...options, config: false }).here;

  test("a URL, an env file, and the variables of the environment are targets", async () => {
    expect((await resolveTarget("postgres://db.example/x", without())).name).toBe("x");
    expect((await resolveTarget(undefined, without({ envFile: ".env.staging" }))).protected).toBe(false);
    const ambient = await resolveTarget(undefined, without({ environment: { PGHOST: "h", PGDATABASE: "d" } }));
    expect(ambient).toMatchObject({ label: "d on h:5432 (PG*)", name: "d" });
  });

  test("nothing at all, a name and an environment are refused with the way out", async () => {
    for (const text of [undefined, "main", "@staging"]) {
      const error = await mistake(text, without());
      expect(error.exit).toBe(3);
      expect(error.hint).toContain("pgrove init");
    }
  });
});
