/** The plan of a run: which entities, in what order, how many rows, and what each column is filled with. */

import { type EntityPlan, type SeedPlan, type TableShape, tableKey } from "../entity.ts";
import { type CountWish, chooseVolume, findParent } from "../factory/counts.ts";
import type { Factories } from "../factory/factory.ts";
import { mistakesError } from "../factory/factory-reading.ts";
import { type ChosenScenario, readScenario } from "../factory/scenario.ts";
import { countChildren } from "../generate/fan-out.ts";
import { columnsWanted } from "./plan-cases.ts";
import { chooseEntities, type Draft, type Tables } from "./plan-entities.ts";
import { type FieldDraft, type FieldSite, planFields } from "./plan-fields.ts";
import type { ExistingRows } from "./plan-keys.ts";
import type { LeftOut } from "./plan-left.ts";
import { type Link, type LinkedDraft, linkDrafts } from "./plan-links.ts";
import { type Dependency, describeStuck, type Order, orderByDependencies, STUCK_HINT } from "./plan-order.ts";
import { demandsOf } from "./plan-rules.ts";

/** What a run is asked for. */
export interface SeedWish extends CountWish {
  /** Names of entities, aliases or tables; undefined for all. */
  only?: readonly string[];
  scenario?: ChosenScenario;
  /** In place of the files' own. */
  seed?: number;
  /** How many rows of an entity earlier runs have numbered. */
  firstRows: ReadonlyMap<string, number>;
  /** Tables that are left out, by `tableKey`. */
  left?: ReadonlySet<string>;
  /** The most rows that entities can have, however many are asked for. */
  most?: ReadonlyMap<string, number>;
  /** Keys to begin with, by entity and column, in place of those behind the highest: to make the same rows again. */
  firstKeys?: ReadonlyMap<string, ReadonlyMap<string, bigint>>;
}

/** A plan, or what keeps it from being one. */
export interface Planning {
  plan: SeedPlan;
  /** Entities that cannot have rows: with any of them the plan is not whole. */
  unable: readonly LeftOut[];
  /** The names of those that were asked for; the others are parents that they need. */
  chosen: ReadonlySet<string>;
  /** Parents that are made without having been asked for. */
  notes: readonly string[];
}

/**
 * Plans a run with what it has been left. Without factories the tables themselves are the entities. Throws a usageError for names that are not
 * there, one configError with everything that the files have wrong, and a refusal above the most rows.
 */
export async function planOnce(
  factories: Factories,
  tables: Tables,
  wish: SeedWish,
  existing: ExistingRows,
): Promise<Planning> {
  const { generatorVersion, now } = factories;
  const scenario = wish.scenario === undefined ? undefined : readScenario(factories, wish.scenario);
  const counts = new Map([...(scenario?.counts ?? []), ...wish.counts]);
  const left = wish.left ?? new Set();
  const meant = chooseEntities(factories, tables, wish.only ?? scenario?.only);
  const chosen = meant.filter(({ table }) => !left.has(tableKey(table)));
  const [mistakes, lacking]: [string[], LeftOut[]] = [[], []];
  const unable = ({ entity, table }: Draft, why: string) => lacking.push({ entity, table, why });
  const wanted = async (table: TableShape) => columnsWanted((await demandsOf(table)).rules);
  const linked = await linkDrafts(chosen, {
    ...{ factories, tables, existing, mistakes, version: generatorVersion, left, wanted, unable },
  });
  const drafts = await planAllFields(linked, { mistakes, unable, version: generatorVersion });
  const error = mistakesError(mistakes);
  if (error !== undefined) throw error;
  const names = linked.map(({ entity }) => entity);
  const order = orderByDependencies(names, linked.flatMap(dependenciesOf));
  lacking.push(...stuckEntities(order, linked));
  const base = { seed: wish.seed ?? factories.seed, now, generatorVersion };
  const plan = { ...base, existing: await readExisting(linked, existing) };
  const asked = drafts.map(async (draft) => [draft.entity, await firstKeysOf(draft, wish, existing)] as const);
  const firstKeys = new Map(await Promise.all(asked)); // many questions, of which none waits for another
  const entities: EntityPlan[] = [];
  const notes: string[] = [];
  for (const draft of order.nodes.flatMap((name) => drafts.find(({ entity }) => entity === name) ?? [])) {
    const planned = planEntity(draft, order, wish, firstKeys.get(draft.entity));
    const volume = planRows(draft, drafts, { ...wish, counts }, plan.seed, entities);
    const entity = { ...planned, ...volume, rows: Math.min(volume.rows, wish.most?.get(draft.entity) ?? volume.rows) };
    if (!draft.chosen)
      notes.push(`${draft.entity} has no rows yet, and others refer to it: ${entity.rows} are made, too`);
    entities.push(entity);
  }
  return { plan: { ...plan, entities }, unable: lacking, chosen: new Set(chosen.map(({ entity }) => entity)), notes };
}

function stuckEntities({ stuck = [] }: Order, drafts: readonly LinkedDraft[]): LeftOut[] {
  const why = describeStuck(stuck);
  return stuck.flatMap(({ from }) => {
    const draft = drafts.find(({ entity }) => entity === from);
    return draft === undefined ? [] : [{ entity: from, table: draft.table, why, hint: STUCK_HINT }];
  });
}

function planRows(
  draft: FieldDraft,
  drafts: readonly FieldDraft[],
  wish: CountWish,
  seed: number,
  before: readonly EntityPlan[],
): Pick<EntityPlan, "rows" | "per"> {
  const volume = chooseVolume(draft, drafts, wish);
  if ("rows" in volume) return volume;
  const { per, fanOut } = volume;
  const parent = before.find(({ entity }) => entity === per);
  const rows = parent === undefined ? 0 : countChildren(seed, draft.entity, fanOut, parent);
  return { rows, per: { entity: per, fanOut } };
}

/** The fields of every entity of a run. What is wrong goes to the mistakes. */
export async function planAllFields(
  linked: readonly LinkedDraft[],
  site: Pick<FieldSite, "mistakes" | "version" | "unable">,
): Promise<FieldDraft[]> {
  const drafts: FieldDraft[] = [];
  for (const draft of linked) {
    const leading = linked.flatMap(({ links }) => links.filter(({ entity }) => entity === draft.entity));
    const planned = planFields({
      ...{ ...site, draft, ...(await demandsOf(draft.table)) },
      referenced: new Set(leading.flatMap(columnsBehind)),
      matched: new Set(leading.flatMap(({ match = {} }) => Object.keys(match))),
    });
    drafts.push(planned);
  }
  return drafts;
}

/** The columns of the rows that a link leads to whose values have to be known. */
function columnsBehind({ references, match = {} }: Link): string[] {
  return [...references, ...Object.keys(match)];
}

/** What has to be loaded before the draft: what its foreign keys refer to, and the parent that it is made per. */
function dependenciesOf(draft: LinkedDraft, _: number, run: readonly LinkedDraft[]): Dependency[] {
  const { entity, table, links } = draft;
  const dependencies = links.flatMap(({ columns, key, entity: to }): Dependency[] => {
    if (key === undefined || to === undefined) return [];
    const mayBeNull = table.columns.some(({ name, nullable }) => nullable && columns.includes(name));
    const waits = key.deferrable ? "deferred" : key.alterable === true ? "altered" : "never";
    return [{ from: entity, to, columns, cut: mayBeNull ? "later" : waits, key: key.name }];
  });
  const parent = findParent(draft, run);
  return parent === undefined
    ? dependencies
    : [...dependencies, { from: entity, to: parent.entity, columns: ["per"], cut: "never" }];
}

/** The keys of rows that are there already and are referred to. */
async function readExisting(
  linked: readonly LinkedDraft[],
  existing: ExistingRows,
): Promise<Map<string, readonly string[]>> {
  const links = linked.flatMap((each) => each.links.filter(({ entity }) => entity === undefined));
  const keys = new Map<string, readonly string[]>();
  for (const table of new Set(links.map((link) => link.table))) {
    const columns = [...new Set(links.filter((link) => link.table === table).flatMap(columnsBehind))];
    const values = await existing.readKeys(table, columns);
    columns.forEach((column, place) => {
      keys.set(`${tableKey(table)}.${column}`, values[place] ?? []);
    });
  }
  return keys;
}

/** What each counted column of the entity begins with. */
async function firstKeysOf(
  { entity, table, counted }: FieldDraft,
  wish: SeedWish,
  existing: ExistingRows,
): Promise<Map<string, bigint>> {
  const keys = [...counted].map(async ([column, least]) => {
    const given = wish.firstKeys?.get(entity)?.get(column);
    const highest = given === undefined ? await existing.readHighest(table, column) : undefined;
    const next = highest === undefined ? BigInt(least) : highest + 1n;
    return [column, given ?? (next < least ? BigInt(least) : next)] as const;
  });
  return new Map(await Promise.all(keys));
}

function planEntity(
  { entity, table, fields, cases, joints, unchecked }: FieldDraft,
  { cut }: Order,
  wish: SeedWish,
  firstKeys: ReadonlyMap<string, bigint> = new Map(),
): EntityPlan {
  const late = new Set(
    cut.filter((each) => each.from === entity && each.cut === "later").flatMap(({ columns }) => columns),
  );
  const isLate = ({ column }: { column: { name: string; nullable: boolean } }) =>
    column.nullable && late.has(column.name);
  const waiting = cut.flatMap(({ from, cut: how, key }) =>
    from === entity && how === "altered" && key !== undefined ? [key] : [],
  );
  return {
    ...{ entity, table, firstKeys, rows: 0, firstRow: wish.firstRows.get(entity) ?? 0 },
    fields: fields.filter((field) => !isLate(field)),
    later: fields.filter(isLate),
    ...(waiting.length === 0 ? {} : { waiting }),
    ...(cases.length === 0 ? {} : { cases }),
    ...(joints.length === 0 ? {} : { joints }),
    ...(unchecked.length === 0 ? {} : { unchecked }),
  };
}
