/** Worktrees in isolation `schema`, as the commands know them: a schema and a role of their own in main's database. */
import { randomUUID } from "node:crypto";
import { replaceByEmpty } from "../../../src/copy/empty.ts";
import { quoteIdentifier } from "../../../src/postgres/identifier.ts";
import { formatMark } from "../../../src/postgres/ownership.ts";
import { ensureRole } from "../../../src/postgres/role.ts";
import type { Sql } from "../../../src/postgres/toolbox.ts";
import type { WorktreeRow } from "../../../src/repo/registry.ts";
import type { LiveTarget } from "../../../src/resolve/target.ts";
import { newRunId } from "../../../src/sys/run-id.ts";
import { SchemaUnit } from "../../../src/unit/schema-unit.ts";
import { unitOf } from "../../../src/unit/unit-of.ts";
import { type Work, withWork } from "../../../src/work/work.ts";
import { type Bench, fingerprint, uniqueName } from "../../support/database.ts";
import type { TestServer } from "../../support/engine/server.ts";

export interface TestWorktree {
  live: LiveTarget;
  schema: string;
  /** Quoted. */
  name: string;
  role: { name: string; password: string };
  comment: string;
}

/** The main target of a database in isolation `schema`. */
export function mainOf(live: LiveTarget, schema: string): LiveTarget {
  return { ...live, target: { ...live.target, schema } };
}

let count = 0;

/** A worktree whose role exists, and whose schema does not yet. */
export async function makeWorktree(live: LiveTarget, schema: string): Promise<TestWorktree> {
  const id = randomUUID();
  const role = { name: `pgrove test "${process.pid}" ${count++}`, password: `it's "s3cret" ${id}` };
  const row: WorktreeRow = {
    ...{ id, name: schema, path: "/nowhere", index: 1, isolation: "schema", database: live.database, schema, role },
    ...{ ports: {}, data: { kind: "empty" }, state: "ready", setup: "done", createdAt: new Date().toISOString() },
  };
  const comment = formatMark({ kind: "worktree", repository: randomUUID(), worktree: id, name: schema });
  const { database } = live;
  await onDatabase(live, (sql) => ensureRole(sql, { ...role, schema, database, comment }));
  const target = { ...live.target, label: schema, name: schema, schema, worktree: row };
  return { live: { ...live, target }, schema, name: quoteIdentifier(schema), role, comment };
}

/** The same, with an empty schema. */
export async function makeEmptyWorktree(bench: Bench, live: LiveTarget, schema: string): Promise<TestWorktree> {
  const worktree = await makeWorktree(live, schema);
  await makeEmpty(bench, worktree);
  return worktree;
}

/** Puts an empty schema in the place of the worktree's, whatever is there. */
export function makeEmpty(bench: Bench, { live, comment }: TestWorktree): Promise<void> {
  const request = { like: async () => live.database, comment, discardPrevious: true, services: [] };
  return replaceByEmpty(bench.tools, live, { ...request, consent: async () => undefined });
}

/** The worktree's schema as what is replaced as a whole. */
export function schemaOf({ live, schema }: TestWorktree): SchemaUnit {
  return new SchemaUnit(live, schema);
}

/** Something done in one session of the database. */
export async function onDatabase<T>(live: LiveTarget, body: (sql: Sql) => Promise<T>): Promise<T> {
  const sql = await live.toolbox.connect(live.database, newRunId(new Date()));
  try {
    return await body(sql);
  } finally {
    await sql.end({ timeout: 2 });
  }
}

/** Something done as one operation on the target's server. */
export function work<T>(bench: Bench, live: LiveTarget, body: (work: Work) => Promise<T>): Promise<T> {
  return withWork(bench.tools, live, { operation: "test", claims: unitOf(live).claims("exclusive"), avoid: [] }, body);
}

/** Names that a branch can lead to, and that have to be quoted. */
export const ODD_NAMES = [`feature/x ünï "q" ; $1.*`, `${"a".repeat(62)}Z`] as const;

/** One schema's rows and definitions, told apart by nothing but their names: the other schemas are not looked at. */
export async function schemaFingerprint(
  server: TestServer,
  database: string,
  schema: string,
  as: string,
): Promise<string[]> {
  const clone = uniqueName("clone");
  await server.psql("postgres", `create database ${clone} template ${database}`);
  try {
    if (schema !== as) {
      const name = quoteIdentifier(schema);
      await server.psql(clone, `drop schema if exists ${as} cascade; alter schema ${name} rename to ${as}`);
    }
    const lines = await fingerprint(server, clone);
    return lines.filter((line) => belongsTo(JSON.parse(line), as));
  } finally {
    await server.psql("postgres", `drop database ${clone} with (force)`);
  }
}

/** What lies in no schema is not copied with one, and says nothing of the copy. */
function belongsTo([kind, id]: [string, string], schema: string): boolean {
  return (id.startsWith(`${schema}.`) && kind !== "cast") || (kind === "default privileges" && id.endsWith(schema));
}
