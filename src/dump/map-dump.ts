/** A dump whose things go to other roles than those that it names. */
import type { RoleMap } from "../archive/role-names.ts";
import { type PgroveError, refusal } from "../errors.ts";
import type { InspectedDump } from "./inspect.ts";

/** What is said where everything belongs to one role, whatever the dump says. `elsewhere` is the way around. */
export function roleMapRefusal(label: string, elsewhere: string): PgroveError {
  return refusal(
    "role_map_schema",
    `everything in ${label} belongs to its own role: --role-map does not apply`,
    `restore it without --role-map${elsewhere}`,
  );
}

/**
 * The dump as it asks for those roles, or as it is where there is no map; `note` is told which roles of the map it does not
 * name. Throws (exit 5) for a dump of a worktree's schema: all of it belongs to one role anyway.
 */
export function mapDump(
  inspected: InspectedDump,
  roleMap: RoleMap | undefined,
  note: (text: string) => void,
): InspectedDump {
  if (roleMap === undefined) return inspected;
  if (inspected.dump.manifest?.schema) {
    throw refusal(
      "role_map_schema",
      `${inspected.dump.name} is a dump of a worktree's schema, which says nothing of owners: --role-map does not apply`,
      "restore it without --role-map",
    );
  }
  const named = new Set(inspected.wants.flatMap(({ roles }) => roles));
  const wants = inspected.wants.map((want) => ({
    ...want,
    roles: [...new Set(want.roles.map((role) => roleMap.get(role) ?? role))],
  }));
  const unnamed = [...roleMap.keys()].filter((role) => !named.has(role));
  if (unnamed.length > 0) note(`--role-map: ${inspected.dump.name} names no role ${unnamed.join(", ")}`);
  return { ...inspected, wants, roleMap };
}
