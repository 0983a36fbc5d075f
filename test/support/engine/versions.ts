import { availableParallelism, release, type } from "node:os";
import { ensureEngine } from "./engine.ts";
import { ensureImage, type Major, majors } from "./images.ts";
import { run, runOk } from "./run.ts";

/**
 * One line with the exact versions of everything that the tests run on: where a new minor release changes what they
 * see, that line says so.
 */
export async function describeVersions(): Promise<string> {
  await ensureEngine();
  const servers: string[] = [];
  for (const major of majors) servers.push(await readServerVersion(major));
  const docker = await runOk("docker", ["version", "--format", "{{.Server.Version}} (client {{.Client.Version}})"]);
  const compose = (await run("docker", ["compose", "version", "--short"])).stdout.trim().replace(/^v/, "");
  const git = (await runOk("git", ["--version"])).replace("git version", "").trim();
  return [
    `PostgreSQL ${servers.join(", ")}`,
    `Docker ${docker.trim()}`,
    `compose ${compose}`,
    `Bun ${Bun.version}`,
    `git ${git}`,
    `${type()} ${release()}, ${availableParallelism()} cores`,
  ].join("; ");
}

/** "17.12": what the image's own server says of itself. */
async function readServerVersion(major: Major): Promise<string> {
  const image = await ensureImage(major);
  const said = await runOk("docker", ["run", "--rm", "--entrypoint", "postgres", image, "--version"]);
  return said.match(/\d+(\.\d+|\w+)/)?.[0] ?? said.trim();
}
