/** A schema of a database as a unit, with the role that owns it where it is a worktree's. */
import { refusal, usageError } from "../errors.ts";
import { databaseExists, scratchName } from "../postgres/admin.ts";
import type { Claim } from "../postgres/claims.ts";
import { requireClaim } from "../postgres/claims.ts";
import { quoteIdentifier } from "../postgres/identifier.ts";
import { isOwnedMark, type Mark } from "../postgres/ownership.ts";
import { dropRole } from "../postgres/role.ts";
import { type Queries, schemaSizeBytes } from "../postgres/schema.ts";
import { requireNoDependents } from "../postgres/schema-dependencies.ts";
import { listExtensions } from "../postgres/schema-extensions.ts";
import type { Sql } from "../postgres/toolbox.ts";
import type { LiveTarget } from "../resolve/target.ts";
import type { Work } from "../work/work.ts";
import { requireDroppableDatabases, requireDroppableOwner } from "./droppable.ts";
import { dropOwned } from "./keep.ts";
import { SchemaKeeper } from "./keep-schema.ts";
import {
  birthMark,
  findBelongings,
  foundDatabase,
  foundRole,
  foundSchema,
  listDatabases,
  listRoles,
  listSchemas,
  type MarkedDatabase,
  type MarkedRole,
  type MarkedSchema,
  parkable,
  runTogether,
} from "./marks.ts";
import { type ParkNote, parkingOf, type Renaming, renameMarked, requireUnused } from "./parking.ts";
import { bringIn, makeIncoming, requireReplaceable, requireSameRows } from "./schema-incoming.ts";
import { countSchemaRows, readSchemaInto, withSource } from "./schema-source.ts";
import { chooseOwner, FOR_ROLES, findOwnSchema, inTarget } from "./schema-target.ts";
import { dropAgreed, exchangeSchemas } from "./schema-transaction.ts";
import { createOwn, createScratch, inScratch } from "./scratch.ts";
import { withServicesStopped } from "./services.ts";
import {
  findRoleStanding,
  findSchemaStanding,
  requireRoleStanding,
  requireSchemaStanding,
  type Standing,
} from "./standing.ts";
import { createStatement, type DatabaseShape, readShape } from "./swap.ts";
import type { Built, CopyFill, Fill, Loss, Owned, Place, Replaced, Saved, SwapRequest, Unit } from "./unit.ts";

export class SchemaUnit implements Unit {
  readonly noun = "schema";
  readonly label: string;
  readonly place: Required<Place>;
  readonly isWhole = false;
  readonly keepsOwners: boolean;

  constructor(
    readonly live: LiveTarget,
    readonly schema: string,
  ) {
    this.label = `${live.database}/${schema}`;
    this.place = { database: live.database, schema };
    this.keepsOwners = live.target.worktree?.role === undefined;
  }

  /** On the schema itself, and that its database is not replaced meanwhile. */
  claims(mode: Claim["mode"]): readonly Claim[] {
    return [
      { database: this.label, mode },
      { database: this.live.database, mode: "shared" },
    ];
  }

  includes(other: Unit): boolean {
    return other.label === this.label;
  }

  async find(work: Work): Promise<Loss | undefined> {
    return await inTarget(work, this.live, async (sql) => {
      const standing = await findSchemaStanding(sql, this.schema);
      if (standing === undefined) return undefined;
      const sizeBytes = await schemaSizeBytes(sql, this.schema);
      return { ...this.place, noun: this.noun, label: this.label, sizeBytes, sessions: [], standing, kept: false };
    });
  }

  async requireReplaceable(work: Work): Promise<void> {
    await inTarget(work, this.live, async (sql) => void (await requireReplaceable(sql, this)));
  }

  async findShape({ control }: Work): Promise<DatabaseShape | undefined> {
    const { database } = this.live;
    return (await databaseExists(control, database)) ? await readShape(control, database) : undefined;
  }

  async create(work: Work, fill: Fill): Promise<Built> {
    return { name: await bringIn(work, this, await fill()), strategy: "stream" };
  }

  async createCopy(work: Work, source: LiveTarget, request: CopyFill): Promise<Built> {
    const statement = await this.emptyLike(work);
    return await this.create(work, () =>
      withSource(work, source, request.wanted, async (reading) => {
        const { schema } = reading;
        if (request.oneServer && source.database === this.live.database && schema === this.schema) {
          throw usageError(
            `source and destination are the same schema: ${schema} of ${source.database}`,
            "--to TARGET",
          );
        }
        const database = await createScratch(work, statement);
        const rows = await readSchemaInto(work, reading, { ...this.live, database }, this.argumentsFor(request));
        return { database, wanted: [schema], ...(request.schemaOnly ? {} : { rows }) };
      }),
    );
  }

  /** `CREATE DATABASE` for an empty one, shaped like the target's. */
  private async emptyLike(work: Work): Promise<(name: string) => string> {
    const shape = await readShape(work.control, this.live.database);
    return (name) => createStatement(name, shape);
  }

  /** To a role of its own everything will belong; grants to another server's roles mean nothing to it. */
  private argumentsFor({ schemaOnly, oneServer }: CopyFill) {
    const own = !this.keepsOwners;
    return {
      dump: schemaOnly ? ["--schema-only"] : [],
      load: [...(own ? ["--no-owner"] : []), ...(own && !oneServer ? ["--no-acl"] : [])],
    };
  }

  async createEmpty(work: Work): Promise<Built> {
    return { name: await makeIncoming(work, this), strategy: "stream" };
  }

  /** Nobody is disconnected for it. */
  async swap(work: Work, _built: Built, { agreed, older, services, keeping, comment }: SwapRequest): Promise<Replaced> {
    const { schema, live } = this;
    return await inTarget(work, live, async (sql) => {
      await requireSchemaStanding(sql, { schema, agreed });
      const present = await requireReplaceable(sql, this);
      const owner = chooseOwner(live, present);
      const mark = present?.comment ?? comment ?? (await birthMark(work, live));
      const properties = { ...{ grants: null }, ...present, owner, comment: mark ?? null };
      const keeper = keeping === undefined ? undefined : new SchemaKeeper(work, this, keeping, older);
      const servicesRestarted = await withServicesStopped(work, live, services, async () => {
        await requireClaim(work.control, this.label);
        await exchangeSchemas(work, sql, this, { properties, agreed, keeper });
      });
      const sizeBytes = await schemaSizeBytes(sql, schema);
      const details = { schema, schema_size_bytes: sizeBytes };
      const previous = keeper === undefined ? {} : { previous: keeper.database };
      return { sizeBytes, servicesRestarted, details, ...previous };
    });
  }

  /** It is read, and disconnects nobody. */
  async requireSavable(): Promise<void> {}

  async listInTheWay() {
    return [];
  }

  async save(work: Work): Promise<Saved> {
    return { database: await this.saveAs(work, scratchName(work.operation.run)), strategy: "stream" };
  }

  /** What belongs to a worktree's role belongs to the login there, so that the role can be dropped before it. */
  async saveAs(work: Work, name: string): Promise<string> {
    const load = this.keepsOwners ? [] : ["--no-owner"];
    const statement = await this.emptyLike(work);
    return await withSource(work, this.live, [this.schema], async (source) => {
      const database = await createOwn(work, name, statement);
      const rows = await readSchemaInto(work, source, { ...this.live, database }, { dump: [], load });
      const saved = await inScratch(work, database, (sql) => countSchemaRows(sql, this.schema));
      requireSameRows(rows, saved, this.live.target.label);
      return database;
    });
  }

  /** Schema and role by their marks: a run that was killed early has left neither, and their names may be others'. */
  async findOwned(work: Work, worktree: string, main: string): Promise<Owned> {
    const { control } = work;
    const isOwn = ({ mark }: { mark: Mark | undefined }) => isOwnedMark(mark, worktree);
    const { marked, roles } = await inTarget(work, this.live, async (sql) => ({
      marked: (await listSchemas(sql)).filter(isOwn),
      roles: (await listRoles(sql)).filter(isOwn),
    }));
    const schemas = marked.map(({ schema }) => new SchemaUnit(this.live, schema));
    const roleNames = roles.map(({ role }) => role);
    // Also of a schema that was dropped by a run that was stopped then.
    const snapshotsOf = [...schemas, this].map(({ label }) => label);
    const found = findBelongings(await listDatabases(control, { sizes: false }), worktree, snapshotsOf);
    const present = found.filter(({ database }) => database !== main);
    const databases = present.map(({ database }) => database);
    const unmarking = [
      ...schemas.map(({ schema }) => `comment on schema ${quoteIdentifier(schema)} is null`),
      ...roleNames.map((name) => `comment on role ${quoteIdentifier(name)} is null`),
    ];
    return {
      databases,
      own: [],
      found: [...present.map(foundDatabase), ...marked.map(foundSchema), ...roles.map(foundRole)],
      requireDroppable: async () => {
        await requireDroppableDatabases(work, databases);
        const look = async (sql: Sql) => {
          for (const each of schemas) await each.requireDroppable(sql);
          const [first] = schemas;
          if (first === undefined) return; // nothing is dropped before the role
          for (const role of roleNames) {
            await requireDroppableOwner(sql, { role, schema: first.schema, dropped: databases });
          }
        };
        await inTarget(work, this.live, look, FOR_ROLES);
      },
      requireReleasable: async () => undefined,
      release: () => inTarget(work, this.live, (sql) => runTogether(sql, unmarking), FOR_ROLES),
      requireUnused: () => requireUnused(control, { databases, roles: roleNames }),
      park: (note) => this.bringBack(work, parkingsOf({ databases: present, schemas: marked, roles }, note)),
      drops: [
        ...schemas.map((each) => () => each.drop(work)),
        ...present.map((each) => () => dropOwned(control, each)),
        ...roles.map(
          (each) => () => inTarget(work, this.live, (sql) => dropAgreedRole(sql, each, worktree), FOR_ROLES),
        ),
      ],
    };
  }

  async bringBack(work: Work, renamings: readonly Renaming[]): Promise<void> {
    await inTarget(work, this.live, (sql) => renameMarked(sql, renamings), FOR_ROLES);
  }

  /**
   * Drops it, for good. No error when it is gone already. Throws (exit 5) when it does not carry the worktree's mark, is
   * another one than was agreed to, something outside needs it, or an extension lies in it.
   */
  async drop(work: Work, shown?: Standing): Promise<void> {
    await inTarget(work, this.live, async (sql) => {
      const agreed = shown ?? (await findSchemaStanding(sql, this.schema));
      if (await this.requireDroppable(sql)) await dropAgreed(work, sql, this.schema, agreed);
    });
  }

  /** False when it is not there. Throws (exit 5) as dropping it would. */
  private async requireDroppable(sql: Queries): Promise<boolean> {
    const { schema, live } = this;
    if (live.target.worktree === undefined) throw refusal("schema_main", `${schema} is main's schema and stays`);
    if ((await findOwnSchema(sql, this)) === undefined) return false;
    const extension = (await listExtensions(sql)).find((each) => each.schema === schema);
    if (extension !== undefined) {
      throw refusal(
        "extension_in_schema",
        `the extension ${extension.name} lies in the schema ${schema}, and would be dropped with it`,
        `ALTER EXTENSION ${quoteIdentifier(extension.name)} SET SCHEMA public`,
      );
    }
    await requireNoDependents(sql, schema);
    return true;
  }
}

/** No error when it is gone already. Throws (exit 5) when it is another one than was found, or still owns something. */
async function dropAgreedRole(sql: Sql, { role, standing }: MarkedRole, worktree: string): Promise<void> {
  if ((await findRoleStanding(sql, role)) === undefined) return;
  await requireRoleStanding(sql, { role, agreed: standing });
  await dropRole(sql, role, worktree);
}

/** How a schema, its role, and what was saved of it are put aside, as far as they are not yet. */
function parkingsOf(
  found: { databases: readonly MarkedDatabase[]; schemas: readonly MarkedSchema[]; roles: readonly MarkedRole[] },
  note: ParkNote,
): Renaming[] {
  const inPlace = ({ mark }: { mark: Mark | undefined }) => mark?.kind !== "parked";
  const schemas = found.schemas.filter(inPlace).map(({ schema, standing }) => {
    return { kind: "schema" as const, name: schema, comment: standing.mark, agreed: standing };
  });
  const roles = found.roles
    .filter(inPlace)
    .map(({ role, standing }) => ({ kind: "role" as const, name: role, comment: standing.mark, agreed: standing }));
  const databases = found.databases.filter(inPlace).map(parkable);
  return [...schemas, ...roles, ...databases].map((each) => parkingOf(each, note));
}
