import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSeedFiles } from "../../../../src/seed/sql/sql-files.ts";

const root = mkdtempSync(join(tmpdir(), "pgrove-seed-files-"));
const dir = join(root, "seeds");
for (const name of ["base", "main", "b/2", "b/1", "a"]) await Bun.write(join(dir, `${name}.sql`), `-- ${name}`);
await Bun.write(join(root, "outside.sql"), "select 1");
await Bun.write(join(dir, "dump.sql"), new Uint8Array([0xff, 0xfe, 0x00]));
await Bun.write(join(dir, "nul.sql"), "select 1;\0");
symlinkSync(join(root, "outside.sql"), join(dir, "link.sql"));
afterAll(() => rmSync(root, { recursive: true }));

const names = async (wish: { listed?: string[]; names?: string[]; only?: string }) => {
  const { listed, names = [], only } = wish;
  const files = await readSeedFiles({ root, dir, listed, names, ...(only === undefined ? {} : { only }) });
  return files.map(({ file }) => file);
};

describe("which seed files belong to a target", () => {
  const cases = [
    { what: "without a name", wish: {}, files: ["seeds/base.sql"] },
    { what: "its own behind base.sql", wish: { names: ["main"] }, files: ["seeds/base.sql", "seeds/main.sql"] },
    { what: "one that has no file", wish: { names: ["staging"] }, files: ["seeds/base.sql"] },
    { what: "base itself", wish: { names: ["base"] }, files: ["seeds/base.sql"] },
    { what: "a name that climbs out", wish: { names: ["../outside"] }, files: ["seeds/base.sql"] },
    {
      what: "a list, a glob sorted",
      wish: { listed: ["main.sql", "b/*.sql", "a.sql", "main.sql"] },
      files: ["seeds/main.sql", "seeds/b/1.sql", "seeds/b/2.sql", "seeds/a.sql"],
    },
    { what: "just one", wish: { only: join(root, "outside.sql"), names: ["main"] }, files: ["outside.sql"] },
  ];
  test.each(cases)("$what", async ({ wish, files }) => {
    expect(await names(wish)).toEqual(files);
  });

  const refused = [
    { what: "a listed file that is missing", wish: { listed: ["none.sql"] }, exit: 3 },
    { what: "a listed file outside of the folder", wish: { listed: ["../outside.sql"] }, exit: 3 },
    { what: "what is no text", wish: { listed: ["dump.sql"] }, exit: 3 },
    { what: "what holds a NUL byte", wish: { listed: ["nul.sql"] }, exit: 3 },
    { what: "a link that leads out of the folder", wish: { names: ["link"] }, exit: 3 },
    { what: "a folder", wish: { only: dir }, exit: 3 },
    { what: "a device", wish: { only: "/dev/zero" }, exit: 3 },
    { what: "one that was asked for and is missing", wish: { only: join(root, "none.sql") }, exit: 4 },
  ];
  test.each(refused)("$what is refused", async ({ wish, exit }) => {
    expect(await names(wish).catch((error: unknown) => error)).toMatchObject({ exit });
  });
});
