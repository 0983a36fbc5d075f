import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { aimCommand } from "../../../src/migrate/command-tool.ts";
import { toolPath } from "../../../src/migrate/tool-path.ts";
import { mistake } from "../../support/migrate/mistake.ts";

describe("{target}", () => {
  test.each([
    ["up", undefined, "alembic upgrade head"],
    ["up", "+1", "alembic upgrade +1"],
    ["up", "ae10;rm -rf /", "alembic upgrade 'ae10;rm -rf /'"],
    ["up", "a$&b", "alembic upgrade 'a$&b'"],
  ] as const)("%s %p", (verb, word, expected) => {
    expect(aimCommand("alembic upgrade {target}", verb, word)).toBe(expected);
  });

  test("down goes one back", () => {
    expect(aimCommand("alembic downgrade {target}", "down", undefined)).toBe("alembic downgrade -1");
  });

  test("what was typed has to have a place in the command", () => {
    expect(aimCommand("alembic upgrade head", "up", undefined)).toBe("alembic upgrade head");
    const error = mistake(() => aimCommand("alembic upgrade head", "up", "ab12"));
    expect(error).toMatchObject({ exit: 2, hint: expect.stringContaining("{target}") });
  });
});

describe("a tool's own programs", () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "pgrove-tool-"));
    for (const folder of ["node_modules/.bin", "vendor/bin", "back end/.venv/bin"]) {
      await mkdir(join(root, folder), { recursive: true });
    }
  });
  afterAll(() => rm(root, { recursive: true }));

  test.each([
    ["knex migrate:latest", ["node_modules/.bin", "vendor/bin"]],
    ["cd 'back end' && alembic upgrade head", ["back end/.venv/bin", "node_modules/.bin", "vendor/bin"]],
  ])("%s", (command, folders) => {
    const own = folders.map((folder) => join(root, folder));
    expect(toolPath(command, root, "/usr/bin")).toBe([...own, "/usr/bin"].join(":"));
  });
});
