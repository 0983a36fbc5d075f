/**
 * What people type to fill the five families: as a first day goes, and with every number of rows. The largest, a million,
 * is for PGROVE_SLOW_TESTS=1: some minutes.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sharedServer } from "../../support/engine/server.ts";
import { thorough } from "../../support/faults/moments.ts";
import { connect } from "../../support/faults/world.ts";
import { patiently } from "../../support/patience.ts";
import { countFamilies, type Family, families, makeDevpocket } from "../../support/seed/devpocket.ts";
import type { Grove } from "../../support/worktrees/grove.ts";

setDefaultTimeout(patiently(thorough ? 900_000 : 120_000));

let grove: Grove;
beforeAll(async () => {
  grove = await makeDevpocket(await sharedServer(17));
});
afterAll(() => grove?.[Symbol.asyncDispose]());

const count = () => countFamilies(grove.server, grove.project);

type Counts = Partial<Record<Family, number>>;

/** Runs it; resolves with the rows that each family has more than before. */
async function seed(...words: string[]): Promise<Counts> {
  const before = await count();
  await grove.ok(["seed", ...words]);
  const after = await count();
  return Object.fromEntries(
    families.flatMap((each) => (after[each] === before[each] ? [] : [[each, after[each] - before[each]]])),
  );
}

interface Upserted {
  entities: { entity: string; inserted: number; updated: number; unchanged: number }[];
}
const upsert = async (...words: string[]) => (await grove.json(["seed", ...words])) as unknown as Upserted;

describe("a first day", () => {
  test("some of each, one after the other", async () => {
    expect(await seed()).toEqual({ users: 1, ssh_profiles: 1 }); // base.sql: the demo account
    expect(await seed("users", "25")).toEqual({ users: 25 });
    expect(await seed("ssh", "15")).toEqual({ ssh_profiles: 15 });
    expect(await seed("commands", "100")).toEqual({ sessions: 10, commands: 100 }); // commands belong to sessions
    expect(await seed("sessions", "sync", "5")).toEqual({ sessions: 5, sync_data: 5 });
    expect(await seed("--scenario", "user_onboarding", "--param", "users=50")).toEqual({
      users: 50,
      ssh_profiles: 150,
    });
  });

  test("cleaned and made anew: nothing goes that others refer to, and nothing without having been said", async () => {
    const rows = await count();
    expect(await grove.fails(5, ["seed", "--clean", "users", "20"])).toMatch(/referred to by .*ssh_profiles/);
    expect(await count()).toEqual(rows);
    const asked = await grove.fails(5, ["seed", "--clean", "all", "20"]);
    for (const family of families) expect(asked).toContain(`${family} (${rows[family]} row`);
    expect(await count()).toEqual(rows);
    await grove.ok(["seed", "--clean-force", "all", "50"]);
    expect(await count()).toMatchObject({ users: 50 });
    await grove.ok(["seed", "--clean-force", "all", "0"]);
    await grove.ok(["seed", "users", "5"]);
    await grove.ok(["seed", "--clean", "users", "20", "--yes"]);
    expect(await count()).toEqual({ users: 20, ssh_profiles: 0, sessions: 0, commands: 0, sync_data: 0 });
  });

  test("the same rows again, as often as one likes", async () => {
    await grove.ok(["seed", "--reset-force"]);
    expect(await count()).toMatchObject({ users: 1, commands: 0 });
    await upsert("--upsert", "all", "100");
    const rows = await count();
    const again = await upsert("--upsert", "all", "100");
    expect(
      again.entities.map(({ entity, ...counts }) => [entity, counts.inserted, counts.updated, counts.unchanged]),
    ).toEqual(
      families.map((family) => [
        family,
        0,
        0,
        rows[family] - (family === "users" || family === "ssh_profiles" ? 1 : 0),
      ]),
    );
    expect((await upsert("--upsert", "users", "50")).entities).toMatchObject([{ inserted: 0, unchanged: 50 }]);
    expect(await count()).toEqual(rows);
  });

  test("with statistics, and all at once", async () => {
    expect(await grove.ok(["seed", "users", "20", "--stats"])).toMatch(/^users +121 /m);
    expect(await grove.ok(["seed", "--stats-only"])).toMatch(/^users +121 /m);
    expect(await grove.ok(["seed", "--reset-force", "--upsert", "all", "100", "--stats"])).toMatch(/^users +101 /m);
    await grove.ok(["seed", "--clean-force", "--upsert", "all", thorough ? "40000" : "2000"]);
    expect((await count()).commands).toBeGreaterThan(thorough ? 800_000 : 40_000);
  });

  test("another database, by the variables of a file", async () => {
    const { port, user, password } = grove.server;
    const other = `${grove.project}_env`;
    await grove.sql.unsafe(`create database "${other}"`);
    const variables = { HOST: "127.0.0.1", PORT: port, USER: user, PASSWORD: password, NAME: other };
    const lines = Object.entries(variables).map(([name, value]) => `DATABASE_${name}="${value}"\n`);
    await writeFile(
      join(grove.repo.folder, ".env.test"),
      [...lines, "DEFAULT_SEED_COUNT=3\n", "MAX_SEED_COUNT=50\n"].join(""),
    );
    const rows = await count();
    await grove.ok(["migrate", "up", "--env-file", ".env.test"]);
    await grove.ok(["seed", "--env-file", ".env.test", "users", "25"]);
    expect((await countFamilies(grove.server, other)).users).toBe(25);
    await grove.ok(["seed", "--env-file", ".env.test", "sync"]);
    expect(await countFamilies(grove.server, other)).toMatchObject({ users: 25, sync_data: 3 });
    expect(await grove.fails(5, ["seed", "--env-file", ".env.test", "users", "51"])).toContain("50");
    expect(await count()).toEqual(rows);
  });
});

describe.each([1, 1000, ...(thorough ? [10_000, 1_000_000] : [])])("%i rows", (rows) => {
  test("users, ssh, sessions, commands, sync: each by itself, then the same again", async () => {
    await grove.ok(["seed", "--clean-force", "all", "0"]);
    const wanted: [string, Family][] = [
      ["users", "users"],
      ["ssh", "ssh_profiles"],
      ["sessions", "sessions"],
      ["commands", "commands"],
      ["sync", "sync_data"],
    ];
    for (const [name, family] of wanted) expect(await seed(name, String(rows))).toEqual({ [family]: rows });
    expect((await upsert("--upsert", "users", String(rows))).entities).toMatchObject([{ unchanged: rows }]);
    const sql = connect(grove.server, grove.project);
    const orphans =
      await sql`select 1 from sessions s join ssh_profiles p on p.id = s.ssh_profile_id where p.user_id <> s.user_id`;
    await sql.end();
    expect(orphans).toHaveLength(0);
  });
});
