/** The engine as the tests hand it on: to programs that have a home of their own, and in a line of versions. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cp, mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureCompose } from "../support/engine/compose.ts";
import { majors } from "../support/engine/images.ts";
import { run, runOk } from "../support/engine/run.ts";
import { sharedServer } from "../support/engine/server.ts";
import { describeVersions } from "../support/engine/versions.ts";

const program = join(import.meta.dir, "../support/engine/main.ts");

let folder: string;
beforeAll(async () => {
  await ensureCompose();
  folder = await realpath(await mkdtemp(join(tmpdir(), "pgrove-engine-")));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A home whose .docker holds the compose plugin and a context, as Docker Desktop leaves one. */
async function makeHome(): Promise<string> {
  const home = join(folder, "home");
  const plugins = join(home, ".docker/cli-plugins");
  await mkdir(plugins, { recursive: true });
  const plugin = await runOk("docker", [
    "info",
    "--format",
    "{{range .ClientInfo.Plugins}}{{.Name}}={{.Path}}\n{{end}}",
  ]);
  await cp(plugin.match(/^compose=(.+)$/m)?.[1] ?? "", join(plugins, "docker-compose"), { dereference: true });
  await writeFile(join(home, ".docker/config.json"), "{}\n");
  return home;
}

describe("a compose plugin in the user's own home", () => {
  test("is found there, and by a program whose home is another", async () => {
    const home = await makeHome();
    const named = { PATH: process.env.PATH ?? "", DOCKER_HOST: process.env.DOCKER_HOST ?? "" };
    const said = Bun.spawnSync([process.execPath, program, "env"], { env: { ...named, HOME: home } });
    const config = said.stdout.toString().match(/^export DOCKER_CONFIG='(.+)'$/m)?.[1];
    expect(config).toBe(join(home, ".docker"));

    const elsewhere = join(folder, "elsewhere");
    await mkdir(elsewhere, { recursive: true });
    const compose = (env: Record<string, string>) => Bun.spawnSync(["docker", "compose", "version"], { env });
    expect(compose({ ...named, HOME: elsewhere, DOCKER_CONFIG: config ?? "" }).exitCode).toBe(0);
  });
});

test("the line of versions has each server's own", async () => {
  const line = await describeVersions();
  for (const major of majors) {
    const version = (await (await sharedServer(major)).psql("postgres", "SHOW server_version")).split(" ")[0];
    expect(line).toMatch(new RegExp(`PostgreSQL [^;]*\\b${version?.replaceAll(".", "\\.")}\\b`));
  }
  expect(line).toContain((await run("docker", ["version", "--format", "{{.Server.Version}}"])).stdout.trim());
});
