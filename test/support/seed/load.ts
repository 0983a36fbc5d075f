/** The simplest way to put a plan's rows into a database: one transaction of COPY through psql. */
import postgres from "postgres";
import { quoteIdentifier } from "../../../src/postgres/identifier.ts";
import type { Sql } from "../../../src/postgres/toolbox.ts";
import type { EntityPlan, FieldPlan, SeedPlan, TableShape } from "../../../src/seed/entity.ts";
import { generateRows, prepareGenerators } from "../../../src/seed/generate/compile.ts";
import { requireSpace } from "../../../src/seed/generate/spaces.ts";
import type { TestServer } from "../engine/server.ts";

/** One connection to a test's database; whoever opens it ends it. */
export function connectTo(server: TestServer, database: string): Sql {
  const { port, user, password } = server;
  return postgres({ host: "127.0.0.1", port: port ?? 0, user, password, database, max: 1, onnotice: () => undefined });
}

/** Loads every entity of the plan, then the columns that close cycles. Throws when PostgreSQL refuses a row. */
export async function loadPlan(server: TestServer, database: string, plan: SeedPlan): Promise<void> {
  await prepareGenerators(plan);
  requireSpace(plan);
  const parts = ["begin; set constraints all deferred;"];
  for (const entity of plan.entities) parts.push(copyOf(plan, entity, tableOf(entity.table), entity.fields));
  for (const entity of plan.entities.filter(({ later }) => later.length > 0)) parts.push(laterOf(plan, entity));
  await server.psql(database, [...parts, "commit;"].join("\n"));
}

/** Loads every entity over several connections at once, each of which makes and sends a part of its rows. */
export async function loadPlanAtOnce(
  server: TestServer,
  database: string,
  plan: SeedPlan,
  connections: number,
): Promise<void> {
  await prepareGenerators(plan);
  for (const entity of plan.entities) {
    const end = entity.firstRow + entity.rows;
    const size = Math.ceil(entity.rows / connections);
    const parts = Array.from({ length: connections }, (_, part) => {
      const from = Math.min(end, entity.firstRow + part * size);
      return copyOf(plan, entity, tableOf(entity.table), entity.fields, [from, Math.min(end, from + size)]);
    });
    await Promise.all(parts.reverse().map((part) => server.psql(database, `${part}\n`)));
  }
}

function copyOf(
  plan: SeedPlan,
  entity: EntityPlan,
  table: string,
  fields: readonly FieldPlan[],
  [from, to]: readonly [number, number] = [entity.firstRow, entity.firstRow + entity.rows],
): string {
  const columns = fields.map(({ column }) => quoteIdentifier(column.name)).join(", ");
  const pieces = [...generateRows(plan, { ...entity, fields, later: [] }, from, to)];
  return `copy ${table} (${columns}) from stdin;\n${Buffer.concat(pieces).toString()}\\.`;
}

function laterOf(plan: SeedPlan, entity: EntityPlan): string {
  const keys = entity.fields.filter(({ column }) => entity.table.primaryKey.includes(column.name));
  const equal = (fields: readonly FieldPlan[], own: string) =>
    fields.map(({ column: { name } }) => `${own}${quoteIdentifier(name)} = s.${quoteIdentifier(name)}`);
  return `create temporary table s (like ${tableOf(entity.table)}) on commit drop;
    do $$ declare c text; begin for c in select attname from pg_attribute where attrelid = 's'::regclass and attnotnull and attnum > 0 loop
      execute format('alter table s alter %I drop not null', c); end loop; end $$;
    ${copyOf(plan, entity, "s", [...keys, ...entity.later])}
    update ${tableOf(entity.table)} t set ${equal(entity.later, "").join(", ")} from s where ${equal(keys, "t.").join(" and ")};
    drop table s;`;
}

function tableOf({ schema, name }: TableShape): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}
