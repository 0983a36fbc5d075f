/** How the schema that is replaced is kept: saved while nobody writes to it, and under a name that stays before it goes. */
import { discardedName, dropDatabase } from "../postgres/admin.ts";
import { nameWithSuffix } from "../postgres/identifier.ts";
import type { Queries } from "../postgres/schema.ts";
import type { Work } from "../work/work.ts";
import { dropKept, nameKept } from "./keep.ts";
import { findStanding, requireStanding, type Standing } from "./standing.ts";
import type { Keeping, Unit } from "./unit.ts";

/** The part of a schema unit that is needed here. */
interface Savable extends Pick<Unit, "label" | "place"> {
  schema: string;
  saveAs(work: Work, name: string): Promise<string>;
}

export class SchemaKeeper {
  /** The database that it is kept as, once it is. */
  database = "";
  private saved: readonly number[] = [];
  /** What goes for it: the one that was agreed to, and what killed runs, to which the same was agreed, have not dropped. */
  private older: { database: string; standing: Standing }[] = [];

  constructor(
    private readonly work: Work,
    private readonly unit: Savable,
    private readonly keeping: Keeping,
    /** The older one whose loss was agreed to. */
    private readonly agreed: Standing | undefined,
  ) {}

  /**
   * Saves what stands there, within the transaction that replaces it: from here on nobody writes to its tables until that
   * has ended. An older saved state keeps its name and this one gets another, so that a kill loses none.
   */
  async keep(transaction: Queries): Promise<void> {
    const { work, unit, keeping } = this;
    await this.drop();
    this.saved = await holdTables(transaction, unit.schema);
    const older = await keeping.findOlder(work.control);
    const [newest] = older;
    if (newest !== undefined) await requireStanding(work.control, { database: newest, agreed: this.agreed });
    const names = [keeping.name, ...older.map((_, index) => nameWithSuffix(keeping.name, `_${index + 2}`))];
    const name = names.find((each) => !older.includes(each)) ?? keeping.name;
    const scratch = await unit.saveAs(work, discardedName(work.operation.run));
    await nameKept(work, unit, scratch, { name, seal: keeping.seal });
    this.database = name;
    this.older = await standingsOf(work, older);
  }

  /** Whether a table came into being, in the schema by the name that it has now, that was not saved. */
  async isOutdated(transaction: Queries, schema: string): Promise<boolean> {
    const present = await listTables(transaction, schema);
    return present.some(({ oid }) => !this.saved.includes(oid));
  }

  /** What stood there has gone: the older saved states go, too. */
  settle(): void {
    const { work, older } = this;
    for (const each of older) work.operation.defer(() => work.clearUp((sql) => dropKept(sql, each)));
  }

  /** What stood there stays: it need not be kept. */
  async drop(): Promise<void> {
    const { database } = this;
    if (database === "") return;
    this.database = "";
    await this.work.clearUp((sql) => dropDatabase(sql, database));
  }
}

async function standingsOf({ control }: Work, databases: readonly string[]) {
  const found: { database: string; standing: Standing }[] = [];
  for (const database of databases) {
    const standing = await findStanding(control, database);
    if (standing !== undefined) found.push({ database, standing });
  }
  return found;
}

async function listTables(sql: Queries, schema: string): Promise<{ oid: number; name: string }[]> {
  return await sql<{ oid: number; name: string }[]>`
    select c.oid::bigint::float8 as oid, quote_ident(n.nspname) || '.' || quote_ident(c.relname) as name
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = ${schema} and c.relkind in ('r', 'p') order by c.oid`;
}

/** Lets others read the schema's tables, and nobody write to them. */
async function holdTables(sql: Queries, schema: string): Promise<number[]> {
  const tables = await listTables(sql, schema);
  if (tables.length > 0) {
    await sql.unsafe(`lock table ${tables.map(({ name }) => `only ${name}`).join(", ")} in share mode`);
  }
  return tables.map(({ oid }) => oid);
}
