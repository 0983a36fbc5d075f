/** Exactly what is measured, and on what: figures without it say little. */
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, machine, release, totalmem } from "node:os";
import { join } from "node:path";
import { version } from "../package.json";
import { ensureCompose } from "../test/support/engine/compose.ts";
import { runOk } from "../test/support/engine/run.ts";
import { findDbmate } from "../test/support/migrate/dbmate-program.ts";
import { findPsql } from "./programs.ts";
import type { Setting } from "./setting.ts";

/** Name and version, in the order in which they are printed. */
export async function readVersions({ server, exec }: Setting): Promise<[name: string, version: string][]> {
  const inContainer = async (...argv: string[]) =>
    firstLine(await runOk("docker", [...exec.split(" ").slice(1), ...argv]));
  const docker = async (side: "Client" | "Server") =>
    (await runOk("docker", ["version", "--format", `{{.${side}.Version}}`])).trim();
  const root = join(import.meta.dir, "..");
  await ensureCompose();
  return [
    ["PostgreSQL, server", await server.psql("postgres", "show server_version")],
    ["its pg_dump", lastWords(await inContainer("pg_dump", "--version"))],
    ["psql of the host", await readHostPsql()],
    ["Docker engine", await docker("Server")],
    ["Docker client", await docker("Client")],
    ["docker compose", (await runOk("docker", ["compose", "version", "--short"])).trim()],
    ["pgrove", `${version}, commit ${await readCommit(root)}`],
    ["Bun", `${Bun.version} (${Bun.revision.slice(0, 9)})`],
    ["dbmate", (await runOk(findDbmate(), ["--version"])).trim().replace(/^dbmate version /, "")],
    ["drizzle-seed", `${readPackageVersion("drizzle-seed")}, drizzle-orm ${readPackageVersion("drizzle-orm")}`],
    ["git", (await runOk("git", ["--version"])).trim().replace(/^git version /, "")],
    ["gzip", lastWords(firstLine(await runOk("gzip", ["--version"])))],
    ["kernel", `${release()} ${machine()}`],
    ["processor", `${availableParallelism()} × ${cpus()[0]?.model.trim() ?? "unknown"}`],
    ["memory", `${Math.round(totalmem() / 2 ** 30)} GiB`],
  ];
}

/** Only some parts want one. */
async function readHostPsql(): Promise<string> {
  try {
    return lastWords(firstLine(await runOk(findPsql(), ["--version"])));
  } catch {
    return "none";
  }
}

function readPackageVersion(name: string): string {
  const path = join(import.meta.dir, "../node_modules", name, "package.json");
  return (JSON.parse(readFileSync(path, "utf8")) as { version: string }).version;
}

/** The commit, with a word where the files are others. */
async function readCommit(root: string): Promise<string> {
  const git = async (...args: string[]) => (await runOk("git", ["-C", root, ...args])).trim();
  const changed = await git("status", "--porcelain", "--", "src", "build.ts", "package-lock.json");
  return `${await git("rev-parse", "--short", "HEAD")}${changed === "" ? "" : " and what is not committed"}`;
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}

/** "pg_dump (PostgreSQL) 17.12 (Debian …)" → "17.12 (Debian …)". */
function lastWords(line: string): string {
  return /\d.*/.exec(line)?.[0] ?? line;
}
