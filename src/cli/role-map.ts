/** `--role-map A=B`: the flag, and what is typed. */
import type { RoleMap } from "../archive/role-names.ts";
import { usageError } from "../errors.ts";

/** The flag of what restores a dump. */
export const ROLE_MAP = {
  "role-map": {
    type: "string",
    valueHint: "A=B",
    repeatable: true,
    description: "what the dump gives to the role A belongs to B, which is there: owners, grants, policies…",
  },
} as const;

const ROLE = `"(?:[^"]|"")+"|[^"=]+`;
const MAPPING = new RegExp(`^(${ROLE})=(${ROLE})$`);

/**
 * Who takes whose place; undefined where nobody does. A name is taken as it is written, or stands in double quotes as in
 * SQL. Throws (exit 2) for what is no `A=B`, and for a role with two others.
 */
export function readRoleMap(given: readonly string[]): RoleMap | undefined {
  const roles = new Map<string, string>();
  for (const text of given) {
    const [, from, to] = MAPPING.exec(text) ?? [];
    if (from === undefined || to === undefined) {
      throw usageError(`--role-map ${text} is no ROLE=OTHER`, `such as: --role-map prod_owner=me, '"My Role"=app'`);
    }
    const role = nameOf(from);
    if (roles.has(role)) throw usageError(`--role-map names another role for ${role} twice`);
    roles.set(role, nameOf(to));
  }
  return roles.size === 0 ? undefined : roles;
}

function nameOf(written: string): string {
  return written.startsWith('"') ? written.slice(1, -1).replaceAll('""', '"') : written;
}
