/** Compares the contents of a restored database with what was recorded when it was dumped. */
import { listShaded } from "../postgres/catalog.ts";
import { fixTextSettings, hashLargeObjects, hashTables, readSequences } from "../postgres/table-hash.ts";
import type { Sql } from "../postgres/toolbox.ts";
import type { Manifest } from "./manifest.ts";

export interface ContentsComparison {
  /** What is not what was dumped, as sentences. */
  differences: string[];
  /** Tables whose contents were compared. */
  compared: number;
  /** Those of which only the count, or an estimate, is known. */
  uncompared: string[];
}

/** Changes nothing: what it needs for reading is rolled back. */
export async function compareContents(sql: Sql, { tables, contents }: Manifest): Promise<ContentsComparison> {
  const hashed = tables.filter(({ hash }) => hash !== undefined);
  await sql`begin`;
  try {
    await showAllRows(sql);
    await fixTextSettings(sql);
    const found = await hashTables(sql, hashed);
    const uncompared = tables.filter((table) => found[hashed.indexOf(table)] === undefined);
    const wrong = hashed.filter((table, place) => found[place] !== undefined && found[place]?.hash !== table.hash);
    return {
      differences: [
        ...wrong.map((table) => `${nameIn(table)}: its rows are not those that were dumped`),
        ...(await compareObjects(sql, contents)),
        ...(await compareSequences(sql, contents)),
      ],
      compared: tables.length - uncompared.length,
      uncompared: uncompared.map(nameIn),
    };
  } finally {
    await sql`rollback`;
  }
}

/** Also those that policies keep from a table's owner: the restored tables are the login's own. */
async function showAllRows(sql: Sql): Promise<void> {
  await sql`savepoint shaded`;
  try {
    for (const name of await listShaded(sql)) await sql.unsafe(`alter table ${name} no force row level security`);
  } catch {
    await sql`rollback to savepoint shaded`; // somebody else's: not compared then
  }
}

async function compareObjects(sql: Sql, contents: Manifest["contents"]): Promise<string[]> {
  const dumped = contents?.large_objects;
  if (dumped === undefined) return [];
  const found = await hashLargeObjects(sql);
  if (found.rows !== dumped.rows) return [`large objects: ${found.rows}, not ${dumped.rows}`];
  return found.hash === dumped.hash ? [] : ["large objects: they are not those that were dumped"];
}

async function compareSequences(sql: Sql, contents: Manifest["contents"]): Promise<string[]> {
  const dumped = contents?.sequences ?? [];
  if (dumped.length === 0) return [];
  const found = new Map((await readSequences(sql)).map((each) => [nameIn(each), each.value]));
  return dumped.flatMap((each) => {
    const now = found.get(nameIn(each));
    return now === each.value ? [] : [`sequence ${nameIn(each)}: ${now ?? "not there"}, not ${each.value}`];
  });
}

function nameIn({ schema, name }: { schema: string; name: string }): string {
  return `${schema}.${name}`;
}
