/** The example of the five families, in a repository of a test's own, and what is true of its rows. */
import { createHash } from "node:crypto";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import type { TestServer } from "../engine/server.ts";
import { Grove, type GroveOptions } from "../worktrees/grove.ts";

const example = join(import.meta.dir, "../../../examples/devpocket");

export const families = ["users", "ssh_profiles", "sessions", "commands", "sync_data"] as const;
export type Family = (typeof families)[number];

/** A repository with the example's migrations and factories, and an empty database with its tables. */
export async function makeDevpocket(server: TestServer, options: GroveOptions = {}): Promise<Grove> {
  const grove = await Grove.create(server, { sql: "select 1", ...options });
  for (const folder of ["migrations", "seeds"]) {
    await cp(join(example, folder), join(grove.repo.folder, folder), { recursive: true });
  }
  await grove.commit("devpocket");
  await grove.ok(["migrate", "up"]);
  return grove;
}

/** A hash over all rows of each family in order, or over those that a condition chooses. */
export async function hashFamilies(
  server: TestServer,
  database: string,
  {
    columns = {},
    where = {},
  }: { columns?: Partial<Record<Family, string>>; where?: Partial<Record<Family, string>> } = {},
): Promise<Record<Family, string>> {
  const hashes = families.map(async (family) => {
    const chosen = `select ${columns[family] ?? "*"} from ${family} where ${where[family] ?? "true"}`;
    const dump = `select r::text from (${chosen}) r order by r::text collate "C"`;
    const rows = await server.psql(database, `set time zone 'UTC'; ${dump}`);
    if (rows === "") throw new Error(`${family} has no rows: their hash would say nothing`);
    return [family, createHash("sha256").update(rows).digest("hex").slice(0, 12)] as const;
  });
  return Object.fromEntries(await Promise.all(hashes)) as Record<Family, string>;
}

/** How many rows each family has. */
export async function countFamilies(server: TestServer, database: string): Promise<Record<Family, number>> {
  const counts = families.map((family) => `'${family}', (select count(*)::int from ${family})`);
  return JSON.parse(await server.psql(database, `select json_build_object(${counts.join(", ")})`));
}
