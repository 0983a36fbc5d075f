import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatManifest } from "../../../src/dump/manifest.ts";
import { findFileStanding, publishAs, requireRolesReplaceable } from "../../../src/dump/replace-file.ts";
import { sampleManifest } from "../../support/manifest.ts";

let root = "";
let path = "";
let manifest = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "pgrove-replace-"));
  path = join(root, "x.dump");
  manifest = `${path}.manifest.json`;
});
afterEach(() => rm(root, { recursive: true }));

const OLD = formatManifest(sampleManifest({ name: "x.dump", size_bytes: 3 }));

/** The finished files of a new dump. */
async function finish() {
  const [temporary, manifestTemporary] = [join(root, ".new"), join(root, ".new.manifest")];
  await writeFile(temporary, "new");
  await writeFile(manifestTemporary, "new manifest");
  return { temporary, manifestTemporary, path };
}

/** Nobody is killed here. */
const NO_RECORD = { remember: async () => async () => undefined };

const textOf = (file: string) => readFile(file, "utf8");
const refused = { exit: 5, code: "file_exists" };

describe("what a dump may replace", () => {
  test("nothing without consent, and no link, though it leads nowhere", async () => {
    expect(await findFileStanding(path, false)).toEqual({ dump: undefined, manifest: undefined });
    await symlink(join(root, "nowhere"), path);
    await expect(findFileStanding(path, false)).rejects.toMatchObject(refused);
    await rm(path);
    await writeFile(path, "old");
    await expect(findFileStanding(path, false)).rejects.toMatchObject(refused);
    await rm(path);
    await mkdir(path);
    await expect(findFileStanding(path, true)).rejects.toMatchObject({ exit: 5, code: "not_a_file" });
  });

  test("no file of the manifest's name that is none, with consent either", async () => {
    for (const text of ['{"name": "my app", "version": 1}', "not JSON", ""]) {
      await writeFile(manifest, text);
      for (const overwrite of [true, false]) {
        await expect(findFileStanding(path, overwrite)).rejects.toMatchObject(refused);
      }
    }
    await rm(manifest);
    await mkdir(manifest);
    await expect(findFileStanding(path, true)).rejects.toMatchObject(refused);
    await rm(manifest, { recursive: true });
    await writeFile(manifest, OLD);
    await expect(findFileStanding(path, false)).rejects.toMatchObject(refused);
    expect((await findFileStanding(path, true)).manifest).toBeString();
  });

  test("no file of the roles' name but those that the manifest knows by their content", async () => {
    const roles = `${path}.globals.sql`;
    await requireRolesReplaceable(path, [roles]);
    await writeFile(roles, "CREATE ROLE app;\n");
    await expect(requireRolesReplaceable(path, [roles])).rejects.toMatchObject(refused);
    await writeFile(manifest, OLD);
    await expect(requireRolesReplaceable(path, [roles])).rejects.toMatchObject(refused);
    const sha256 = createHash("sha256").update("CREATE ROLE app;\n").digest("hex");
    const globals = { sha256, size_bytes: 17, passwords: false };
    await writeFile(manifest, formatManifest(sampleManifest({ name: "x.dump", size_bytes: 3, globals })));
    await requireRolesReplaceable(path, [roles]);
    await writeFile(roles, "CREATE ROLE other;\n");
    await expect(requireRolesReplaceable(path, [roles])).rejects.toMatchObject(refused);
    await rm(roles);
    expect(Bun.spawnSync(["mkfifo", roles]).exitCode).toBe(0);
    await expect(requireRolesReplaceable(path, [roles])).rejects.toMatchObject(refused); // and is not waited for
  });
});

describe("a finished dump", () => {
  test("takes the place of what was agreed to, and leaves nothing beside it", async () => {
    for (const before of ["nothing", "old"]) {
      if (before === "old") await Promise.all([writeFile(path, "old"), writeFile(manifest, OLD)]);
      await publishAs(await finish(), await findFileStanding(path, true), NO_RECORD);
      expect([await textOf(path), await textOf(manifest)]).toEqual(["new", "new manifest"]);
      expect((await readdir(root)).sort()).toEqual(["x.dump", "x.dump.manifest.json"]);
    }
  });

  test.each([
    ["the dump", () => path],
    ["the manifest", () => manifest],
  ])("does not when %s was made or written meanwhile", async (_what, file) => {
    for (const before of ["nothing", "old"]) {
      if (before === "old") await Promise.all([writeFile(path, "old"), writeFile(manifest, OLD)]);
      const agreed = await findFileStanding(path, true);
      await writeFile(file(), "a stranger's");
      await expect(publishAs(await finish(), agreed, NO_RECORD)).rejects.toMatchObject(refused);
      expect(await textOf(file())).toBe("a stranger's");
      expect(await readdir(root)).toHaveLength((before === "old" ? 2 : 1) + 2);
      await rm(file());
    }
  });

  test("that cannot be put there whole leaves the old one, with its manifest, as it was", async () => {
    await writeFile(path, "old");
    await writeFile(manifest, OLD);
    const agreed = await findFileStanding(path, true);
    const finished = await finish();
    await rm(finished.manifestTemporary);
    await expect(publishAs(finished, agreed, NO_RECORD)).rejects.toMatchObject({ code: "ENOENT" });
    expect([await textOf(path), await textOf(manifest)]).toEqual(["old", OLD]);
    expect(await findFileStanding(path, true)).toEqual(agreed);
    await rm(path);
    await rm(manifest);
    const alone = { ...(await finish()), manifestTemporary: join(root, "missing") };
    await expect(publishAs(alone, await findFileStanding(path, true), NO_RECORD)).rejects.toMatchObject({
      code: "ENOENT",
    });
    expect(await readdir(root)).toEqual([".new.manifest"]);
  });
});
