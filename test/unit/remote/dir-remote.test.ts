import { afterAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXIT, type PgroveError } from "../../../src/errors.ts";
import { openDir } from "../../../src/remote/dir-remote.ts";
import { keepsTheContract } from "../../support/remotes/contract.ts";

const root = mkdtempSync(join(tmpdir(), "pgrove-disk-"));
const used = join(root, ".used");
afterAll(() => rmSync(root, { recursive: true }));

describe("a folder", () => keepsTheContract((project) => openDir(root, project, used)));

test("a folder that is not there is not made: the disk may not be mounted", async () => {
  const missing = openDir(join(root, "not-mounted"), "shop", used);
  await expect(missing).rejects.toMatchObject({ code: "remote_missing", exit: EXIT.missing });
});

describe("the folder under a disk that is not mounted", () => {
  const push = async (disk: string) => {
    const file = join(root, "file");
    writeFileSync(file, "dump");
    const sha256 = createHash("sha256").update("dump").digest("hex");
    const remote = await openDir(disk, "shop", used);
    const work = { report: () => undefined, remember: async () => async () => undefined };
    await remote.putFile("host/main.dump", { path: file, sizeBytes: 4, sha256 }, work);
  };

  test("is told from the disk, once something was pushed there; and nothing is put into it", async () => {
    const disk = join(root, "disk");
    mkdirSync(disk);
    await push(disk);
    renameSync(join(disk, "shop"), join(root, "elsewhere"));
    await expect(push(disk)).rejects.toMatchObject({ code: "remote_missing", exit: EXIT.missing });
    expect(readdirSync(disk)).toEqual([]);
    renameSync(join(root, "elsewhere"), join(disk, "shop"));
    await push(disk);
  });

  test("a disk that begins anew is taken once its folder was made", async () => {
    const disk = join(root, "anew");
    mkdirSync(disk);
    await push(disk);
    rmSync(join(disk, "shop"), { recursive: true });
    const refused = await push(disk).catch((error: PgroveError) => error);
    expect(refused?.hint).toContain(`mkdir ${join(disk, "shop")}`);
    mkdirSync(join(disk, "shop"));
    await push(disk);
    expect(readdirSync(join(disk, "shop/host"))).toEqual(["main.dump"]);
  });
});
