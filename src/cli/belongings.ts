/** What worktrees have of their own, in words and in JSON. */
import type { Belongings } from "../worktree/belongings.ts";
import { formatBytes, plural } from "./format.ts";

/** "database app_x (1.2 MB), 2 saved states (…)"; undefined when there is nothing. */
export function describeBelongings(belongings: Belongings): string | undefined {
  const { schemas, projects, clusters } = belongings;
  const parts = [
    ...schemas.map(({ schema, sizeBytes }) => `schema ${schema} (${formatBytes(sizeBytes)})`),
    ...belongings.databases
      .filter(isOwn)
      .map(({ database, sizeBytes }) => `database ${database} (${formatBytes(sizeBytes)})`),
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
  const names = saved.map(({ mark, database }) => (mark === undefined ? database : `snapshot ${mark.name}`));
  return [`${plural(saved.length, "saved state")} (${names.join(", ")})`];
}

function isOwn({ mark }: Belongings["databases"][number]): boolean {
  return mark?.kind === "worktree";
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
