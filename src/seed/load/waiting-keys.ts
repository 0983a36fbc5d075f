/**
 * Foreign keys of a circle that nothing else can cut: they wait for the end of the run, though they are not deferrable,
 * and are afterwards as they were. All of that happens in the transaction of the load.
 */
import { quoteIdentifier } from "../../postgres/identifier.ts";
import type { Queries } from "../../postgres/schema.ts";
import type { EntityPlan } from "../entity.ts";
import { quoteTable } from "../table-sql.ts";

export class WaitingKeys {
  private readonly altered = new Set<string>();

  constructor(private readonly sql: Queries) {}

  /** Lets the entity's keys wait. To be called before it has rows of this run: ALTER TABLE wants no check outstanding. */
  async letWait({ table, waiting = [] }: EntityPlan): Promise<void> {
    for (const name of waiting) {
      const constraint = `alter table ${quoteTable(table)} alter constraint ${quoteIdentifier(name)}`;
      if (this.altered.has(constraint) || !(await this.isChecked(quoteTable(table), name))) continue;
      await this.sql.unsafe(`${constraint} deferrable initially deferred`);
      this.altered.add(constraint);
    }
  }

  /** Makes them as they were. To be called once all of them are checked. */
  async settle(): Promise<void> {
    for (const constraint of this.altered) await this.sql.unsafe(`${constraint} not deferrable`);
    this.altered.clear();
  }

  /** A key of a table that is loaded without its keys is not there meanwhile. */
  private async isChecked(table: string, name: string): Promise<boolean> {
    const found = await this.sql.unsafe(
      "select 1 from pg_constraint where conrelid = $1::regclass and conname = $2 and not condeferrable",
      [table, name],
    );
    return found.length > 0;
  }
}
