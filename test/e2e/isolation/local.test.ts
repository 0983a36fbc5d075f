/** Worktrees with a private cluster each, of this machine's own programs: no container engine is asked for anything. */
import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { chmod, rm } from "node:fs/promises";
import { join } from "node:path";
import { Repository } from "../../support/isolation/repository.ts";

const COUNT = "select count(*)::int from item";

test("new, url, sql, down, up, remove, prune with a cluster of the worktree's own", async () => {
  const yaml = "project: local\nisolation: container\nserver: {local: {}}\ndatabase: {name: app}\nprune: {after: 0s}\n";
  await using repository = await Repository.create({ "pgrove.yaml": yaml, ".gitignore": ".env\n" });
  await chmod(repository.repo.path(), 0o711); // as a home's folder is: PostgreSQL's user may pass through
  const noDocker = { env: { DOCKER_HOST: "tcp://127.0.0.1:1" } };
  await using servers = new AsyncDisposableStack();
  servers.defer(() => stopAll(repository));
  await repository.ok(["up"], noDocker);
  await repository.ok(["sql", "-c", "create table item as select i as id from generate_series(1, 50) i"]);

  await repository.ok(["new", "feature/x"], noDocker);
  await repository.ok(["new", "other"], noDocker);
  expect(await repository.ask("feature-x", COUNT)).toBe(50);
  await repository.ok(["sql", "feature-x", "-c", "delete from item where id > 7"]);
  const urls = await Promise.all(["main", "feature-x", "other"].map((name) => repository.ok(["url", name])));
  expect(new Set(urls.map((url) => new URL(url).port)).size).toBe(3);

  await repository.ok(["down"], { cwd: repository.at("feature-x") });
  expect((await repository.list()).map(({ server }) => server)).toEqual(["running", "stopped", "running"]);
  await repository.ok(["up", "feature-x"]);
  expect(await repository.ask("feature-x", COUNT)).toBe(7);
  expect(await repository.ask("main", COUNT)).toBe(50);
  expect(await repository.ok(["logs", "feature-x", "--tail", "200"])).toContain("ready to accept connections");

  const homes = findHomes(repository);
  expect(homes.filter((home) => existsSync(home))).toEqual(homes);
  expect(await repository.fails(5, ["remove", "feature-x"], noDocker)).toContain("cluster");
  await repository.ok(["remove", "feature-x", "--yes"], noDocker);
  await repository.ok(["sql", "other", "-c", "delete from item where id > 3"]);
  const [left] = findHomes(repository);
  await rm(repository.at("other"), { recursive: true });
  expect(await repository.ok(["prune", "--yes"], noDocker)).toBe("parked what 1 worktree had left");
  expect(existsSync(join(left ?? "", "data/postmaster.pid"))).toBe(false);
  await repository.ok(["provision", "other"], noDocker);
  expect(await repository.ask("other", COUNT)).toBe(3);
  await repository.git(["worktree", "remove", "--force", repository.at("other")]);
  expect(await repository.ok(["prune", "--now", "--confirm", "local"], noDocker)).toContain("1 worktree");
  expect(homes.filter((home) => existsSync(home))).toEqual([]);
  expect((await repository.list()).map(({ name }) => name)).toEqual(["main"]);
  expect(await repository.ask("main", COUNT)).toBe(50);
});

/** Where the worktrees' clusters have their data: beside their settings, or where PostgreSQL's user can come. */
function findHomes(repository: Repository): string[] {
  const folder = join(repository.repo.stateDir, "worktrees");
  return [...new Bun.Glob("*/local/settings.json").scanSync({ cwd: folder })].map((file) => {
    const settings = JSON.parse(readFileSync(join(folder, file), "utf8")) as { home?: string };
    return settings.home ?? join(folder, file, "..");
  });
}

/** Servers outlive the tests otherwise. */
async function stopAll(repository: Repository): Promise<void> {
  for (const { name } of await repository.list()) {
    if (name === "main") await repository.ok(["down", "main"]);
    else await repository.ok(["remove", name, "--yes"]);
  }
}
