/** A dump whose things go to other roles than those that it names. */
import type { RoleMap } from "../archive/role-names.ts";
import { refusal } from "../errors.ts";
import type { InspectedDump } from "./inspect.ts";

/** The dump as it asks for those roles, and the roles of the map that it does not name. */
export interface MappedDump {
  inspected: InspectedDump;
  unnamed: string[];
}

/** Throws (exit 5) for a dump of a worktree's schema: all of it belongs to one role anyway. */
export function mapDump(inspected: InspectedDump, roleMap: RoleMap): MappedDump {
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
  return {
    inspected: { ...inspected, wants, roleMap },
    unnamed: [...roleMap.keys()].filter((role) => !named.has(role)),
  };
}
