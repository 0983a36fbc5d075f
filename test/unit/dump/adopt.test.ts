/** A colleague's dump that is taken into the store, with the roles that lie beside it. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { adoptDump } from "../../../src/dump/adopt.ts";
import { isSigned, signManifest } from "../../../src/dump/authorship.ts";
import { findManifest, writeManifest } from "../../../src/dump/manifest.ts";
import type { ReadingTools } from "../../../src/dump/read-through.ts";
import { listDumps } from "../../../src/dump/store.ts";
import type { OperationTools } from "../../../src/sys/operation.ts";
import { systemRunner } from "../../../src/sys/process.ts";
import { sampleManifest } from "../../support/manifest.ts";
import { storeTools } from "../../support/store-tools.ts";

const NAME = "a.sql";
const BESIDE = `${NAME}.globals.sql`;
const DUMP = "--\n-- PostgreSQL database dump\n--\n--\n-- PostgreSQL database dump complete\n--\n";
const ROLES = "CREATE ROLE clerk;\n";
const hashOf = (text: string) => createHash("sha256").update(text).digest("hex");

let root = "";
let theirs = "";
let store = "";
let notes: string[] = [];
let tools: OperationTools;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "pgrove-adopt-"));
  [theirs, store, notes] = [join(root, "theirs"), join(root, "store"), []];
  await mkdir(theirs);
  tools = storeTools(root, { note: (text) => void notes.push(text) });
  await writeFile(join(theirs, NAME), DUMP);
  await writeFile(join(theirs, BESIDE), ROLES, { mode: 0o644 });
  const globals = { sha256: hashOf(ROLES), size_bytes: ROLES.length, passwords: true };
  const told = { name: NAME, format: "sql", codec: "none", sha256: hashOf(DUMP), size_bytes: DUMP.length } as const;
  const manifest = await signManifest(sampleManifest({ ...told, globals }), { userKey: join(root, "them") });
  await writeManifest(join(theirs, NAME), manifest);
});
afterEach(() => rm(root, { recursive: true }));

/** A plain dump with a checksum needs no program to be read. */
const NO_SERVER: ReadingTools = {
  ...{ runner: systemRunner, clientImage: "none:{major}", stageParent: tmpdir(), note: () => undefined },
  live: undefined,
};

async function adopt(folder = theirs) {
  const [dump] = await listDumps(folder);
  if (dump === undefined) throw new Error(`there is no dump in ${folder}`);
  const { path } = await adoptDump(tools, NO_SERVER, { dump, folder: store, project: "p", pgroveVersion: "0" });
  const manifest = await findManifest(path);
  expect(await isSigned(manifest, tools)).toBe(true);
  return manifest;
}

test("the roles come along, for their owner's eyes only", async () => {
  expect(await adopt()).toMatchObject({ globals: { sha256: hashOf(ROLES) } });
  expect(await readFile(join(store, BESIDE), "utf8")).toBe(ROLES);
  expect((await stat(join(store, BESIDE))).mode & 0o777).toBe(0o600);
  expect((await stat(join(store, NAME))).mode & 0o777).toBe(0o600);
  expect(await adopt(store)).toMatchObject({ globals: { sha256: hashOf(ROLES) } });
  expect((await readdir(store)).sort()).toEqual([NAME, BESIDE, `${NAME}.manifest.json`]);
  expect(notes).toEqual([]);
});

test.each([
  ["are others by now", () => writeFile(join(theirs, BESIDE), "CREATE ROLE thief SUPERUSER;\n")],
  ["are gone", () => rm(join(theirs, BESIDE))],
])("roles that %s are left out, and that is said", async (_, change) => {
  await change();
  expect((await adopt())?.globals).toBeUndefined();
  expect((await readdir(store)).sort()).toEqual([NAME, `${NAME}.manifest.json`]);
  expect(notes).toEqual([expect.stringContaining(BESIDE)]);
});

test("a pipe in their place is not waited for", async () => {
  await rm(join(theirs, BESIDE));
  expect(Bun.spawnSync(["mkfifo", join(theirs, BESIDE)]).exitCode).toBe(0);
  await expect(adopt()).rejects.toMatchObject({ code: "not_a_file", exit: 1 });
});

test("what lies in their place is left alone", async () => {
  await Bun.write(join(store, BESIDE), "somebody's");
  expect((await adopt())?.globals).toBeUndefined();
  expect(await readFile(join(store, BESIDE), "utf8")).toBe("somebody's");
});
