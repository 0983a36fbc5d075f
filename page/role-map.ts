/** What the page says of other roles: who takes the place of those that a dump names. */
import { quoted } from "./words.ts";

/** By a role of the dump, the server's role that takes its place; "" where none was filled in. */
export type RoleMap = Readonly<Record<string, string>>;

function filled(map: RoleMap): [string, string][] {
  return Object.entries(map).filter(([, to]) => to !== "");
}

/** What a request says of them: nothing where nothing was filled in. */
export function roleBody(map: RoleMap): { role_map?: Record<string, string> } {
  const pairs = filled(map);
  return pairs.length === 0 ? {} : { role_map: Object.fromEntries(pairs) };
}

/** The same as words of a command line. */
export function roleWords(map: RoleMap): string[] {
  return filled(map).map(([from, to]) => `--role-map ${quoted(`${roleName(from)}=${roleName(to)}`)}`);
}

/** A role as the command line reads it: quoted as in SQL where its name would end too early. */
function roleName(name: string): string {
  return /["=]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name;
}
