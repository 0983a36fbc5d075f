import { describe, expect, test } from "bun:test";
import type { LedgerRow } from "../../../src/migrate/migration.ts";
import { countByRows, countByVersion } from "../../../src/worktree/list-migrations.ts";
import { MigrationFolder } from "../../support/migration-folder.ts";

const rowOf = (version: bigint, success = true): LedgerRow => ({
  ...{ version, digits: String(version), name: "", upChecksum: null, downChecksum: null, downScript: null },
  ...{ downTransaction: true, appliedAt: new Date(0), appliedBy: "t", durationMs: null, gitCommit: null },
  ...{ origin: "run", success, failed: null },
});

async function filesOf(...versions: number[]) {
  await using folder = await MigrationFolder.create(
    Object.fromEntries(versions.map((version) => [`${version}_x.up.sql`, "select 1;"])),
  );
  return await folder.read();
}

describe("countByRows", () => {
  test.each([
    [[], [], { files: 0, pending: 0, foreign: 0 }],
    [[1, 2, 3], [], { files: 3, pending: 3, foreign: 0 }],
    [[1, 2, 3], [1n, 3n], { version: "3", files: 3, pending: 1, foreign: 0 }],
    [[1, 2], [1n, 2n, 9n], { version: "9", files: 2, pending: 0, foreign: 1 }],
  ])("files %p, applied %p", async (files, applied, counts) => {
    expect(
      countByRows(
        await filesOf(...files),
        applied.map((version) => rowOf(version)),
      ),
    ).toEqual(counts);
  });

  test("what is in doubt is not applied", async () => {
    expect(countByRows(await filesOf(1, 2), [rowOf(1n), rowOf(2n, false)])).toMatchObject({ version: "1", pending: 1 });
  });
});

describe("countByVersion", () => {
  test.each([
    [undefined, 3],
    ["2", 1],
    ["0002", 1],
    ["10", 0],
    ["a1b2", 3],
  ])("at %p", async (version, pending) => {
    expect(countByVersion(await filesOf(1, 2, 3), version)).toMatchObject({ files: 3, pending });
  });
});
