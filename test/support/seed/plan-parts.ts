/** Plans of seeding, written shortly. */
import type {
  ByteSink,
  ColumnShape,
  EntityPlan,
  FieldPlan,
  FieldSpec,
  ForeignKey,
  SeedPlan,
  TypeShape,
} from "../../../src/seed/entity.ts";

export function typeShape(name: string, more: Partial<TypeShape> = {}): TypeShape {
  return { name, kind: "base", labels: [], checks: [], notNull: false, ...more };
}

export function generator(name: string, options: Record<string, unknown> = {}): FieldSpec {
  return { kind: "generator", name, options };
}

export function reference(entity: string, column: string, options: Record<string, unknown> = {}): FieldSpec {
  return { kind: "reference", entity, column, options };
}

export interface FieldWish extends Partial<Omit<FieldPlan, "column" | "spec" | "source">> {
  type?: TypeShape;
  nullable?: boolean;
}

export function fieldPlan(name: string, spec: FieldSpec, { type, nullable, ...more }: FieldWish = {}): FieldPlan {
  const column: ColumnShape = {
    ...{ name, type: type ?? typeShape("text"), nullable: nullable ?? false },
    ...{ default: null, identity: null, generated: false, sequence: null },
  };
  return { column, spec, source: `seeds/test.yaml:${name}`, unique: false, nullShare: 0, ...more };
}

export interface EntityWish extends Partial<Omit<EntityPlan, "fields" | "table">> {
  foreignKeys?: readonly ForeignKey[];
}

export function entityPlan(entity: string, fields: readonly FieldPlan[], wish: EntityWish = {}): EntityPlan {
  const { foreignKeys = [], ...more } = wish;
  return {
    ...{ entity, fields, firstRow: 0, rows: 100, later: [], firstKeys: new Map() },
    table: {
      ...{ schema: "public", name: entity, kind: "table", columns: fields.map(({ column }) => column) },
      ...{ primaryKey: [], uniques: [], foreignKeys, checks: [], estimatedRows: -1 },
    },
    ...more,
  };
}

export function foreignKey(columns: readonly string[], table: string, references: readonly string[]): ForeignKey {
  return { name: `${columns.join("_")}_fkey`, columns, table, references, deferrable: false, validated: true };
}

export function seedPlan(entities: readonly EntityPlan[], more: Partial<SeedPlan> = {}): SeedPlan {
  return {
    entities,
    seed: 42,
    now: new Date("2026-01-01T00:00:00Z"),
    generatorVersion: 1,
    existing: new Map(),
    ...more,
  };
}

/** What a sink holds, as text. */
export function textIn(sink: ByteSink): string {
  return new TextDecoder().decode(sink.bytes.subarray(0, sink.length));
}
