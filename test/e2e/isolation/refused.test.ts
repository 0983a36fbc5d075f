/** What a worktree cannot be given is refused before anything of it is made. */
import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { ensureCompose } from "../../support/engine/compose.ts";
import { sharedServer } from "../../support/engine/server.ts";
import { Repository } from "../../support/isolation/repository.ts";

async function expectUntouched(repository: Repository, branch: string): Promise<void> {
  expect(await repository.git(["branch", "--list", branch])).toBe("");
  const worktrees = (await repository.git(["worktree", "list", "--porcelain"])).split("\n");
  expect(worktrees.filter((line) => line.startsWith("worktree "))).toHaveLength(1);
  expect(existsSync(repository.at(branch))).toBe(false);
  expect((await repository.list()).map(({ name }) => name)).toEqual(["main"]);
}

test("isolation: container on a server that cannot be made once more", async () => {
  const { container, port, password } = await sharedServer(18);
  for (const server of [
    `container: ${container}`,
    `url: "postgres://postgres:${password}@127.0.0.1:${port}/postgres"`,
  ]) {
    const yaml = `project: refused\nisolation: container\nserver: {${server}}\n`;
    await using repository = await Repository.create({ "pgrove.yaml": yaml });
    expect(await repository.fails(3, ["new", "x"])).toContain("isolation: database");
    await expectUntouched(repository, "x");
    await repository.git(["worktree", "add", "-q", "--detach", repository.at("x")]);
    await repository.fails(3, ["provision", "x"]);
    expect(await repository.listed("x")).toMatchObject({ state: "not_provisioned" });
  }
});

test("compose files that would put a worktree's database on main's data", async () => {
  await ensureCompose();
  await using repository = await Repository.create({
    "pgrove.yaml": "project: refused\nisolation: container\nserver: {compose: {file: compose.yml, service: db}}\n",
    "compose.yml":
      "services: {db: {image: none, volumes: ['data:/var/lib/postgresql']}}\nvolumes: {data: {external: true}}\n",
  });
  // --no-start: main does not run, and is not asked.
  expect(await repository.fails(3, ["new", "x", "--no-start"])).toContain("external volume");
  await expectUntouched(repository, "x");
});
