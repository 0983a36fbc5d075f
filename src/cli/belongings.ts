/** What worktrees have of their own, in words and in JSON. */
import { type Mark, parseMark } from "../postgres/ownership.ts";
import { readParked } from "../unit/parking.ts";
import type { Belongings } from "../worktree/belongings.ts";
import { formatBytes, plural } from "./format.ts";

/** "database app_x (1.2 MB), 2 saved states (…)"; undefined when there is nothing. */
export function describeBelongings(belongings: Belongings): string | undefined {
  const { schemas, projects, clusters } = belongings;
  const parts = [
    ...schemas.map(({ schema, mark, sizeBytes }) => `schema ${asItWas(schema, mark).name} (${formatBytes(sizeBytes)})`),
    ...belongings.databases
      .filter(isOwn)
      .map(({ database, mark, sizeBytes }) => `database ${asItWas(database, mark).name} (${formatBytes(sizeBytes)})`),
    ...projects.map(
      ({ project, containers, volumes }) =>
        `${plural(containers.length, "container")} and ${plural(volumes.length, "volume")} of ${project}`,
    ),
    ...clusters.map(({ home }) => `the private cluster in ${home}`),
    ...describeSaved(belongings.databases.filter((each) => !isOwn(each))),
  ];
  return parts.length === 0 ? undefined : parts.join(", ");
}

function describeSaved(saved: Belongings["databases"]): string[] {
  if (saved.length === 0) return [];
  const names = saved.map(({ mark, database }) => {
    const { name, mark: own } = asItWas(database, mark);
    return own === undefined ? name : `snapshot ${own.name}`;
  });
  return [`${plural(saved.length, "saved state")} (${names.join(", ")})`];
}

function isOwn({ database, mark }: Belongings["databases"][number]): boolean {
  return asItWas(database, mark).mark?.kind === "worktree";
}

/** The name and mark that something has in its place, though it may be parked. */
function asItWas(name: string, mark: Mark | undefined): { name: string; mark: Mark | undefined } {
  if (mark?.kind !== "parked") return { name, mark };
  const { was, comment } = readParked(mark);
  return { name: was, mark: parseMark(comment) };
}

/** The part of a JSON document that says what belongs to a worktree. */
export function belongingsDocument({ databases, schemas, projects, clusters }: Belongings): Record<string, unknown> {
  return {
    databases: databases.map(({ database, sizeBytes }) => ({ database, size_bytes: sizeBytes })),
    schemas: schemas.map(({ schema, sizeBytes }) => ({ schema, size_bytes: sizeBytes })),
    containers: projects.flatMap(({ containers }) => containers),
    volumes: projects.flatMap(({ volumes }) => volumes),
    clusters: clusters.map(({ home }) => home),
  };
}
