/** What was parked of a worktree, in its place again: its names where they are free, else others. */

import { nameWithSuffix } from "../postgres/identifier.ts";
import { formatMark, isParkedMark, type Mark, parseMark } from "../postgres/ownership.ts";
import type { WorktreeRow } from "../repo/registry.ts";
import type { LiveTarget } from "../resolve/target.ts";
import { belowMain } from "../resolve/worktree-target.ts";
import type { MarkedDatabase, MarkedRole, MarkedSchema } from "../unit/marks.ts";
import { type Renaming, readParked } from "../unit/parking.ts";
import { isPreviousMark, previousName } from "../unit/swap.ts";
import type { Place } from "../unit/unit.ts";
import { unitOf } from "../unit/unit-of.ts";
import { withWork } from "../work/work.ts";
import type { WorktreeTools } from "./tools.ts";

/** What was parked of one worktree. */
export interface ParkedParts {
  databases: readonly MarkedDatabase[];
  schemas: readonly MarkedSchema[];
  roles: readonly MarkedRole[];
}

export const NOTHING_PARKED: ParkedParts = { databases: [], schemas: [], roles: [] };

/** What is parked for a worktree among what was found. */
export function pickParked(found: Partial<ParkedParts>, worktree: string): ParkedParts {
  const isIts = ({ mark }: { mark: Mark | undefined }) => isParkedMark(mark, worktree);
  return {
    databases: found.databases?.filter(isIts) ?? [],
    schemas: found.schemas?.filter(isIts) ?? [],
    roles: found.roles?.filter(isIts) ?? [],
  };
}

/** The database or schema itself among what was parked; undefined when there is none, only what was saved of it. */
export function findParkedSelf({ databases, schemas }: ParkedParts): MarkedDatabase | MarkedSchema | undefined {
  return [...schemas, ...databases].find(({ mark }) => originOf(mark).mark?.kind === "worktree");
}

/**
 * Brings back what was parked of a worktree whose row has the names that it is to have; `taken` are those of the server's
 * databases. All of it, or nothing: throws when that cannot be done.
 */
export async function bringBack(
  tools: WorktreeTools,
  row: WorktreeRow,
  main: LiveTarget,
  { parked, taken }: { parked: ParkedParts; taken: ReadonlySet<string> },
): Promise<void> {
  const unit = unitOf(belowMain(row, main));
  const self = findParkedSelf(parked);
  const after = labelsOf(unit.place);
  const before = self === undefined ? after : labelsBefore(self, unit.place);
  const renamings: Renaming[] = [
    ...parked.schemas.map(({ schema, mark, standing }) => {
      return { kind: "schema" as const, from: schema, to: row.schema ?? "", ...commentOf(mark), agreed: standing };
    }),
    ...parked.roles.map(({ role, mark, standing }) => {
      const to = row.role?.name ?? "";
      return { kind: "role" as const, from: role, to, ...commentOf(mark), agreed: standing };
    }),
    ...parked.databases.map((each) => returnDatabase(each, { before, after, taken })),
  ];
  const subject = { operation: "unpark", claims: unit.claims("exclusive"), avoid: [unit.place.database] };
  await withWork(tools.operation, unit.live, subject, async (work) => {
    await unit.bringBack(work, renamings);
    work.operation.details.databases = renamings.map(({ to }) => to);
  });
}

/** What a unit is called in the marks of its snapshots, and what their names begin with. */
interface Labels {
  of: string;
  stem: string;
}

function labelsBefore({ mark }: MarkedDatabase | MarkedSchema, place: Place): Labels {
  const { was } = originOf(mark);
  return labelsOf(place.schema ? { ...place, schema: was } : { database: was });
}

function labelsOf({ database, schema }: Place): Labels {
  return schema ? { of: `${database}/${schema}`, stem: `${database}.${schema}` } : { of: database, stem: database };
}

/** Its old name; where the database or schema has another one now, what was saved of it follows. */
function returnDatabase(
  { database, mark, standing }: MarkedDatabase,
  { before, after, taken }: { before: Labels; after: Labels; taken: ReadonlySet<string> },
): Renaming {
  const { was, comment, mark: inner } = originOf(mark);
  const follows = was.startsWith(before.stem) ? after.stem + was.slice(before.stem.length) : was;
  const wanted = isPreviousMark(comment) ? previousName(after.stem) : follows;
  const to = taken.has(wanted) ? nameWithSuffix(wanted, `_${mark?.worktree?.slice(0, 8)}`) : wanted;
  const followed =
    inner?.kind === "snapshot" && inner.of === before.of ? formatMark({ ...inner, of: after.of }) : comment;
  return { kind: "database", from: database, to, comment: followed, agreed: standing };
}

function commentOf(mark: Mark | undefined): Pick<Renaming, "comment"> {
  return { comment: originOf(mark).comment };
}

function originOf(mark: Mark | undefined): { was: string; comment: string | null; mark: Mark | undefined } {
  const { was, comment } = mark === undefined ? { was: "", comment: null } : readParked(mark);
  return { was, comment, mark: parseMark(comment) };
}
