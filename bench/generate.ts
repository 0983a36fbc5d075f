/**
 * How fast rows are made, without a database: the six columns of the seeding benchmark, made in the same way. Its own
 * process, whose start is not counted.
 * usage: bun run bench/generate.ts [ROWS]     prints the ms of each run; another one warms up before
 */

import type { ColumnShape, EntityPlan, FieldSpec, SeedPlan, TypeShape } from "../src/seed/entity.ts";
import { generateRows } from "../src/seed/generate/compile.ts";

const [rows = "1000000"] = process.argv.slice(2);
const RUNS = 5;
const LEVELS = { free: 80, pro: 15, team: 5 };
const UNIQUE = ["id", "email"];

function columnOf(name: string, type: string, labels: readonly string[] = []): ColumnShape {
  const shape: TypeShape = { name: type, kind: labels.length > 0 ? "enum" : "base", labels, checks: [], notNull: true };
  return { name, type: shape, nullable: false, default: null, identity: null, generated: false, sequence: null };
}

const generator = (name: string, options = {}): FieldSpec => ({ kind: "generator", name, options });

function entityOf(entity: string, count: number, fields: readonly (readonly [ColumnShape, FieldSpec])[]): EntityPlan {
  const table = { schema: "public", name: entity, kind: "table" as const, columns: [], primaryKey: [], uniques: [] };
  return {
    ...{ entity, rows: count, firstRow: 0, later: [], firstKeys: new Map() },
    table: { ...table, foreignKeys: [], checks: [], estimatedRows: -1 },
    fields: fields.map(([column, spec]) => ({
      column,
      spec,
      source: "bench",
      unique: UNIQUE.includes(column.name),
      nullShare: 0,
    })),
  };
}

const teams = entityOf("teams", 1_000, [[columnOf("id", "int4"), generator("sequence")]]);
const people = entityOf("people", Number(rows), [
  [columnOf("id", "uuid"), generator("uuid")],
  [columnOf("email", "text"), generator("email")],
  [columnOf("name", "text"), generator("name")],
  [columnOf("created_at", "timestamptz"), generator("time", { from: "-365d", to: "now" })],
  [columnOf("level", "level", Object.keys(LEVELS)), generator("weighted", { weights: LEVELS })],
  [columnOf("team_id", "int4"), { kind: "reference", entity: "teams", column: "id", options: {} }],
]);
const plan: SeedPlan = {
  ...{ entities: [teams, people], seed: 42, now: new Date("2026-01-01T00:00:00Z"), generatorVersion: 1 },
  existing: new Map(),
};

for (let run = 0; run <= RUNS; run++) {
  const began = performance.now();
  let bytes = 0;
  for (const piece of generateRows(plan, people, 0, people.rows)) bytes += piece.length;
  const tookMs = performance.now() - began;
  process.stderr.write(`  ${run === 0 ? "warm-up" : `round ${run}`}  ${(bytes / 1e3 / tookMs).toFixed(0)} MB/s\n`);
  if (run > 0) console.log(tookMs);
}
