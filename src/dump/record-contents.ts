/** What a dump holds, recorded while pg_dump writes it, in the same snapshot: so that a restore can be compared with it. */
import { countRows, type DatabaseFacts } from "../postgres/catalog.ts";
import {
  fixTextSettings,
  hashLargeObjects,
  hashTables,
  largeObjectBytes,
  listUncompared,
  readSequences,
  type SequenceValue,
  type TableHash,
} from "../postgres/table-hash.ts";
import type { Sql } from "../postgres/toolbox.ts";
import type { Manifest } from "./manifest.ts";

export interface Contents {
  /** By the table's place in the facts. */
  tables: Map<number, TableHash | { rows: number | undefined }>;
  rest: NonNullable<Manifest["contents"]> | undefined;
}

/** Tables up to this size are read once more, to be counted and hashed; larger ones are estimated. */
const READ_BYTES = 8 << 20;

export interface ContentsRequest {
  /** Every table is read, whatever its size. */
  prove: boolean;
  /** The one schema that is dumped: without large objects then. */
  only: string | undefined;
  sequences: readonly SequenceValue[];
}

/** Where the sequences stand, before pg_dump begins. */
export async function findSequences(sql: Sql): Promise<SequenceValue[]> {
  return (await tried(sql, () => readSequences(sql))) ?? [];
}

/**
 * Counts and hashes in the session's transaction. What may not be read is left to pg_dump. Sequences are no part of a snapshot:
 * they are those of before.
 */
export async function recordContents(
  sql: Sql,
  facts: DatabaseFacts,
  { prove, only, sequences }: ContentsRequest,
): Promise<Contents> {
  const read = facts.tables
    .map((table, index) => ({ ...table, index }))
    .filter(({ bytes }) => prove || bytes <= READ_BYTES);
  const tables = await tried(sql, async () => {
    await fixTextSettings(sql);
    const hashes = await hashTables(sql, read);
    return new Map(read.flatMap(({ index }, place) => pairOf(index, hashes[place])));
  });
  if (tables === undefined) return { tables: await countOnly(sql, read), rest: undefined };
  const objects = await tried(sql, async () => {
    if (only !== undefined || (!prove && (await largeObjectBytes(sql)) > READ_BYTES)) return undefined;
    return await hashLargeObjects(sql);
  });
  const leftOut = (await tried(sql, () => listUncompared(sql))) ?? [];
  const inPart = (name: string) => only === undefined || name.startsWith(`${only}.`);
  const rest: NonNullable<Contents["rest"]> = {
    ...(objects === undefined ? {} : { large_objects: objects }),
    sequences: sequences.filter(({ schema }) => only === undefined || schema === only),
    left_out: leftOut.filter(inPart),
  };
  return { tables, rest };
}

/** What was recorded, when pg_dump has ended: with the sequences that still stand where they stood. The others are not compared. */
export async function withSettledSequences(sql: Sql, contents: Contents): Promise<Contents["rest"]> {
  const { rest } = contents;
  if (rest === undefined) return undefined;
  const after = await findSequences(sql);
  const key = (each: SequenceValue) => JSON.stringify([each.schema, each.name, each.value]);
  const still = new Set(after.map(key));
  const moved = rest.sequences.filter((each) => !still.has(key(each)));
  return {
    ...rest,
    sequences: rest.sequences.filter((each) => still.has(key(each))),
    left_out: [...rest.left_out, ...moved.map(({ schema, name }) => `${schema}.${name}`)],
  };
}

function pairOf(index: number, hash: TableHash | undefined): [number, TableHash][] {
  return hash === undefined ? [] : [[index, hash]];
}

async function countOnly(sql: Sql, read: readonly (DatabaseFacts["tables"][number] & { index: number })[]) {
  const counts = (await tried(sql, () => countRows(sql, read))) ?? [];
  return new Map(read.map(({ index }, place) => [index, { rows: counts[place] }]));
}

/** The body; undefined where it fails, with the transaction as it was before. */
async function tried<T>(sql: Sql, body: () => Promise<T>): Promise<T | undefined> {
  await sql`savepoint contents`;
  try {
    const result = await body();
    await sql`release savepoint contents`;
    return result;
  } catch {
    await sql`rollback to savepoint contents`;
    return undefined;
  }
}
