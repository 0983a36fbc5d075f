import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { findComposeFiles } from "../../../src/server/compose-files.ts";

let root: string;

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "pgrove-compose-files-")));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
}

const many = (...paths: string[]) => Object.fromEntries(paths.map((path) => [path, "services: {}\n"]));

/** Relative to the root. */
async function find(file: string, more: { environment?: Record<string, string>; mainFile?: string } = {}) {
  const { environment = {}, mainFile } = more;
  const main = mainFile === undefined ? {} : { mainFile: join(root, mainFile) };
  const found = await findComposeFiles({ file: join(root, file), environment, ...main });
  return found.map((path) => relative(root, path));
}

describe("the override file", () => {
  test.each([
    ["compose.yaml", "compose.override.yaml"],
    ["compose.yml", "compose.override.yml"],
    ["docker-compose.yml", "docker-compose.override.yml"],
    ["docker-compose.yaml", "compose.override.yml"],
  ])("%p has %p beside it, as compose pairs them", async (file, override) => {
    await write(many(`sub/${file}`, `sub/${override}`));
    expect(await find(`sub/${file}`)).toEqual([`sub/${file}`, `sub/${override}`]);
  });

  test("counts only beside the file that compose would take of the folder, and of several the first", async () => {
    await write(many("docker-compose.yml", "compose.yaml", "compose.override.yaml", "docker-compose.override.yml"));
    expect(await find("docker-compose.yml")).toEqual(["docker-compose.yml"]);
    expect(await find("compose.yaml")).toEqual(["compose.yaml", "compose.override.yaml"]);
    await write(
      many("deploy/docker-compose.prod.yml", "deploy/docker-compose.override.yml", "deploy/docker-compose.yml"),
    );
    expect(await find("deploy/docker-compose.prod.yml")).toEqual(["deploy/docker-compose.prod.yml"]);
  });

  test("may be missing", async () => {
    await write(many("compose.yaml"));
    expect(await find("compose.yaml")).toEqual(["compose.yaml"]);
  });
});

describe("COMPOSE_FILE", () => {
  test("of the env file beside the file, or above it, takes the override file's place", async () => {
    await write({ ...many("compose.yaml", "compose.dev.yaml", "compose.override.yaml"), ".git/HEAD": "" });
    await write({ ".env": "A=1\nCOMPOSE_FILE=compose.yaml:compose.dev.yaml\n" });
    expect(await find("compose.yaml")).toEqual(["compose.yaml", "compose.dev.yaml"]);
    await write({ ...many("deploy/db.yml"), ".env": "COMPOSE_FILE=compose.yaml:deploy/db.yml\n" });
    expect(await find("deploy/db.yml")).toEqual(["compose.yaml", "deploy/db.yml"]);
  });

  test("of the environment wins, with a separator of its own", async () => {
    await write({ ...many("compose.yaml"), ".env": "COMPOSE_FILE=compose.yaml:a.yaml\n" });
    const environment = { COMPOSE_FILE: "compose.yaml|/elsewhere/b.yaml", COMPOSE_PATH_SEPARATOR: "|" };
    expect(await find("compose.yaml", { environment })).toEqual(["compose.yaml", relative(root, "/elsewhere/b.yaml")]);
  });

  test("that names other files says nothing of this one", async () => {
    await write({ ...many("compose.yaml", "compose.override.yaml"), ".git/HEAD": "" });
    expect(await find("compose.yaml", { environment: { COMPOSE_FILE: "other.yaml" } })).toEqual(["compose.yaml"]);
  });

  test("of main counts for a worktree's checkout, without the files that are not there", async () => {
    await write({ ...many("main/compose.yaml", "main/dev.yaml", "tree/compose.yaml"), "tree/.git": "gitdir: x\n" });
    await write({ "main/.env": "COMPOSE_FILE=compose.yaml:dev.yaml\n", "tree/.env": "A=1\n" });
    expect(await find("tree/compose.yaml", { mainFile: "main/compose.yaml" })).toEqual(["tree/compose.yaml"]);
    await write(many("tree/dev.yaml"));
    const found = await find("tree/compose.yaml", { mainFile: "main/compose.yaml" });
    expect(found).toEqual(["tree/compose.yaml", "tree/dev.yaml"]);
  });
});
