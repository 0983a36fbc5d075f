import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXIT } from "../../../src/errors.ts";
import { openDir } from "../../../src/remote/dir-remote.ts";
import { keepsTheContract } from "../../support/remotes/contract.ts";

const root = mkdtempSync(join(tmpdir(), "pgrove-disk-"));
afterAll(() => rmSync(root, { recursive: true }));

describe("a folder", () => keepsTheContract((project) => openDir(root, project)));

test("a folder that is not there is not made: the disk may not be mounted", async () => {
  const missing = openDir(join(root, "not-mounted"), "shop");
  await expect(missing).rejects.toMatchObject({ code: "remote_missing", exit: EXIT.missing });
});
