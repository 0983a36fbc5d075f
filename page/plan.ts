/** What a dry run answers, in sentences: what is lost first, then what is done. */
import { age, bytes, plural } from "./words.ts";

type Document = Record<string, unknown>;

/** The sentences of a plan; of one that is not known here its values, each with the words that lead to it. */
export function sayPlan(plan: Document): string[] {
  const said = [
    ...sayBelongings(plan),
    ...sayReplaced(plan),
    ...sayDropped(plan),
    ...sayMigrations(plan),
    ...sayPruned(plan),
    ...sayRows(plan),
    ...sayPushed(plan),
  ];
  return said.length === 0 ? flatten(plan).map(([key, value]) => `${key}: ${value}`) : said;
}

function documentsOf(value: unknown): Document[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "object" && each !== null) : [];
}

function documentOf(value: unknown): Document | undefined {
  return documentsOf([value])[0];
}

function size(value: unknown): string {
  return typeof value === "number" ? ` (${bytes(value)})` : "";
}

/** Of `remove`: what belongs to the worktree. */
function sayBelongings(plan: Document): string[] {
  if (typeof plan.worktree !== "string") return [];
  const goes = plan.database_kept === true ? "stays" : "is dropped";
  const named = (key: string, noun: string) =>
    (Array.isArray(plan[key]) ? plan[key] : []).map((name) => `the ${noun} ${name} is removed`);
  return [
    `the folder of the worktree ${plan.worktree} is removed; its dumps stay`,
    ...documentsOf(plan.databases).map((each) => `the database ${each.database}${size(each.size_bytes)} ${goes}`),
    ...documentsOf(plan.schemas).map((each) => `the schema ${each.schema}${size(each.size_bytes)} ${goes}`),
    ...[...named("containers", "container"), ...named("volumes", "volume"), ...named("clusters", "private cluster in")],
  ];
}

/** Of `restore`, `reset` and `rewind`: what stands there now, and what comes in its place. */
function sayReplaced(plan: Document): string[] {
  const by = "migrations" in plan ? undefined : replacementOf(plan);
  if (by === undefined || !("replaces" in plan)) return [];
  const replaces = documentOf(plan.replaces);
  const place = `the database ${plan.database ?? plan.of}`;
  if (replaces === undefined) return [`${place} is made new, with ${by}`];
  const sessions = Number(replaces.sessions);
  return [
    `${place}${size(replaces.size_bytes)} is replaced by ${by}`,
    ...(typeof replaces.stranger === "string" ? [replaces.stranger] : []),
    ...(sessions === 0 ? [] : [`${plural(sessions, "session")} in it ${sessions === 1 ? "is" : "are"} ended`]),
    replaces.kept === true ? "what is replaced is kept aside until the next time" : "what is replaced is NOT kept",
  ];
}

function replacementOf({ dump, snapshot, from, ...plan }: Document): string | undefined {
  if (typeof dump === "string") return `the dump ${dump} of ${plan.source}, made ${age(String(plan.created_at))}`;
  if (typeof snapshot === "string") return `the snapshot ${snapshot}, taken ${age(String(plan.taken_at))}`;
  if (typeof from === "string") return `the data of ${from} as they are now`;
  return from === null ? "nothing, then its migrations and seeds" : undefined;
}

/** What goes to make room for what is kept; and of `snapshot` what is saved. */
function sayDropped(plan: Document): string[] {
  const drops = documentsOf(plan.drops ?? documentOf(plan.replaces)?.drops);
  const saved = typeof plan.snapshot === "string" && typeof plan.of === "string" && !("replaces" in plan);
  return [
    ...(saved ? [`${plan.of} is saved as the snapshot ${plan.snapshot}`] : []),
    ...drops.map((each) =>
      each.database === undefined
        ? `the snapshot ${each.snapshot} is dropped to make room`
        : `what was kept the last time is dropped: ${each.database}${size(each.size_bytes)}`,
    ),
  ];
}

function sayMigrations(plan: Document): string[] {
  if (!Array.isArray(plan.migrations)) return [];
  const steps = documentsOf(plan.migrations);
  const kind = documentOf(plan.backup)?.kind;
  const losses = steps.flatMap(({ statements }) => documentsOf(statements).flatMap((each) => documentsOf(each.losses)));
  if (steps.length === 0) return ["nothing is pending"];
  return [
    ...losses.map(sayLoss),
    ...steps.map(
      ({ version, name, statements }) =>
        `${version} ${name}: ${documentsOf(statements)
          .map(({ summary }) => summary)
          .join("; ")}`,
    ),
    kind === undefined ? "there is no backup before" : `a ${kind} is made before, to go back to`,
  ];
}

/** "lost: drops column orders.total (12 values)" */
export function sayLoss({ verb, what, count, unit, exact }: Document): string {
  const many = typeof count === "number" ? plural(count, String(unit).replace(/s$/, "")) : "";
  return `lost: ${verb} ${what}${many === "" ? "" : ` (${exact === true ? "" : "about "}${many})`}`;
}

/** Of `dumps prune`. */
function sayPruned(plan: Document): string[] {
  if (!Array.isArray(plan.removed)) return [];
  const removed = documentsOf(plan.removed);
  return [
    ...removed.map((each) => `the dump ${each.name}${size(each.size_bytes)} is removed`),
    ...(removed.length === 0 ? ["nothing is removed"] : []),
    `${plural(documentsOf(plan.kept).length, "dump")} stay`.replace(/^1 dump stay$/, "1 dump stays"),
  ];
}

/** Of `seed`. */
function sayRows(plan: Document): string[] {
  const entities = documentsOf(documentOf(plan.plan)?.entities);
  return entities.map(({ entity, rows, table }) => `${plural(Number(rows), "row")} of ${entity} into ${table}`);
}

/** Of `dumps push`. */
function sayPushed(plan: Document): string[] {
  if (!Array.isArray(plan.dumps)) return [];
  const moved = documentsOf(plan.dumps).filter((each) => each.was_there !== true);
  if (moved.length === 0) return ["nothing to do: everything is there"];
  return moved.map((each) => `the dump ${each.name}${size(each.size_bytes)} is put to ${each.place}`);
}

/** What is empty or says nothing is left out. */
function flatten(value: unknown, key = ""): [string, string][] {
  if (value === null || value === false || value === "") return [];
  if (Array.isArray(value)) return value.flatMap((each, at) => flatten(each, `${key} ${at + 1}`));
  if (typeof value === "object") {
    return Object.entries(value as object)
      .filter(([name]) => name !== "version" && name !== "dry_run")
      .flatMap(([name, each]) => flatten(each, `${key} ${name.replaceAll("_", " ")}`.trim()));
  }
  return [[key, key.endsWith("bytes") && typeof value === "number" ? bytes(value) : String(value)]];
}
