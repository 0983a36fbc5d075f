/** A throw-away database in which migrations are run up and down, and its schema is read in between. */
import { databaseExists, dropDatabase } from "../../postgres/admin.ts";
import { quoteIdentifier } from "../../postgres/identifier.ts";
import type { Sql } from "../../postgres/toolbox.ts";
import type { LiveTarget } from "../../resolve/target.ts";
import { createScratch, inScratch } from "../../unit/scratch.ts";
import { createStatement, readShape } from "../../unit/swap.ts";
import type { Work } from "../../work/work.ts";
import type { MigrationFiles } from "../files/read-migrations.ts";
import { adoptLedger } from "../ledger/adopt.ts";
import { findForeignChanges } from "../ledger/foreign-changes.ts";
import { readLedger } from "../ledger/ledger.ts";
import type { Migration } from "../migration.ts";
import type { SchemaFileRequest } from "../schema/schema-file.ts";
import { readSchemaText, type SchemaReader } from "../schema/schema-text.ts";
import { type ApplyRequest, applyWish } from "./apply.ts";
import type { HowFar } from "./target-words.ts";

export interface TrialRequest {
  files: MigrationFiles;
  settings: ApplyRequest["settings"];
  facts: ApplyRequest["facts"];
  /** In isolation `schema` it names the schema that the migrations are run in. */
  schema: Omit<SchemaFileRequest, "files">;
}

export interface Trial {
  live: LiveTarget;
  reader: SchemaReader;
  /** Empties it. */
  begin(): Promise<void>;
  /** Up to that migration; left out, to the newest. */
  up(last?: Migration): Promise<void>;
  /** Down to that migration, which stays; left out, to nothing. */
  down(last?: Migration): Promise<void>;
  readSchema(): Promise<string>;
}

/** Makes the database on the target's server, empty and shaped like the target's; dropped with the operation. */
export async function openTrial(work: Work, live: LiveTarget, request: TrialRequest): Promise<Trial> {
  const like = (await databaseExists(work.control, live.database)) ? live.database : "template1";
  const shape = { ...(await readShape(work.control, like)), owner: live.toolbox.user };
  const database = await createScratch(work, (name) => createStatement(name, shape));
  const { worktree: _, schema: own, ...rest } = live.target;
  const schema = own && (request.schema.home ?? own);
  const trial = { ...live, database, target: { ...rest, schema } };
  const reader = { ...work.operation, runner: work.tools.runner };
  const prepare = () => inScratch(work, database, (sql) => prepareTrial(sql, schema, request));
  await prepare();
  const move = (wish: HowFar) => applyAlone(work, trial, wish, request);
  return {
    ...{ live: trial, reader },
    begin: async () => {
      await dropDatabase(work.control, database);
      await work.interruptible(() => work.control.unsafe(createStatement(database, shape)));
      await prepare();
    },
    up: (last) => move(last === undefined ? { kind: "head" } : { kind: "version", direction: "up", word: last.digits }),
    down: (last) =>
      move(last === undefined ? { kind: "nothing" } : { kind: "version", direction: "down", word: last.digits }),
    readSchema: () => readSchemaText(trial, reader),
  };
}

/** The ledger comes first: the other tool's table is part of the schema, and stays when all is taken back. */
async function prepareTrial(
  sql: Sql,
  schema: string | undefined,
  { files, schema: { table } }: TrialRequest,
): Promise<void> {
  if (schema) await sql.unsafe(`create schema if not exists ${quoteIdentifier(schema)}`);
  const ledger = await readLedger(sql, { layout: files.layout, table, schema });
  await adoptLedger(sql, ledger, findForeignChanges(ledger, files));
}

/** Its sessions are ended at once: there may be many moves. What the server says on the way is of no interest. */
async function applyAlone(work: Work, trial: LiveTarget, wish: HowFar, request: TrialRequest): Promise<void> {
  const { files, settings, facts, schema } = request;
  const { table } = schema;
  const cleanUps: (() => Promise<void>)[] = [];
  const alone: Work = {
    ...work,
    tools: { ...work.tools, note: () => undefined },
    operation: { ...work.operation, defer: (cleanUp) => void cleanUps.push(cleanUp) },
  };
  const asked = { files, settings, facts, wish, allowOutOfOrder: false };
  try {
    await applyWish(alone, trial, table === undefined ? asked : { ...asked, table });
  } finally {
    for (const cleanUp of cleanUps.reverse()) await cleanUp();
  }
}
