import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  chooseClientPrograms,
  chooseServerPrograms,
  type HostPrograms,
  listVersions,
  searchFolders,
} from "../../../src/server/host-programs.ts";
import { systemRunner } from "../../../src/sys/process.ts";

let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "pgrove-programs-"));
});

afterAll(() => rm(root, { recursive: true, force: true }));

async function install(place: string, version: string, programs: readonly string[]): Promise<string> {
  const folder = join(root, place);
  await mkdir(folder, { recursive: true });
  for (const program of programs) {
    const path = join(folder, program);
    await writeFile(path, `#!/bin/sh\necho "${program} (PostgreSQL) ${version}"\n`);
    await chmod(path, 0o755);
  }
  return folder;
}

const CLIENT = ["pg_dump", "pg_restore", "psql"];

test("programs are found behind a pattern, newest first; wrappers and half installations are not programs", async () => {
  const seventeen = await install("lib/17/bin", "17.2 (Debian 17.2-1)", [...CLIENT, "initdb", "pg_ctl", "postgres"]);
  const fifteen = await install("lib/15/bin", "15.18", CLIENT);
  await install("lib/16/bin", "16.1", ["psql"]);
  const wrapper = await install("share", "15.18", ["pg_wrapper"]);
  await mkdir(join(root, "usr-bin"));
  for (const program of CLIENT) await symlink(join(wrapper, "pg_wrapper"), join(root, "usr-bin", program));

  const found = await searchFolders(systemRunner, [
    join(root, "usr-bin"),
    join(root, "lib/*/bin"),
    fifteen,
    join(root, "nowhere/*/bin"),
    "",
  ]);
  expect(found).toEqual([
    { folder: seventeen, major: 17, minor: 2, hasServer: true },
    { folder: fifteen, major: 15, minor: 18, hasServer: false },
  ]);
});

function programs(major: number, minor: number, hasServer = true): HostPrograms {
  return { folder: `/pg/${major}.${minor}`, major, minor, hasServer };
}

test("a client is the oldest that is not older than the server, in its newest minor release", () => {
  const found = [programs(18, 0), programs(17, 1), programs(17, 4, false), programs(15, 18)];
  expect(chooseClientPrograms(found, 16)).toEqual(programs(17, 4, false));
  expect(chooseClientPrograms(found, 15)?.major).toBe(15);
  expect(chooseClientPrograms(found, 19)).toBeUndefined();
});

test("a server is the newest that has one, or the version asked for", () => {
  const found = [programs(18, 0, false), programs(17, 1), programs(15, 18)];
  expect(chooseServerPrograms(found, undefined)?.major).toBe(17);
  expect(chooseServerPrograms(found, 15)?.major).toBe(15);
  expect(chooseServerPrograms(found, 18)).toBeUndefined();
  expect(listVersions(found)).toBe("18.0 and 17.1 and 15.18");
  expect(listVersions([])).toBe("none");
});
