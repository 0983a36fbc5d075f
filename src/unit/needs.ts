/** What a database needs of the server that it comes to: roles, extensions, tablespaces. */
import { EXIT, PgroveError } from "../errors.ts";
import type { Sql } from "../postgres/toolbox.ts";

export interface ServerFacts {
  versionNumber: number;
  roles: string[];
  extensions: string[];
  tablespaces: string[];
  dataDirectory: string | null;
}

/** What the control session's server has. */
export async function readServerFacts(control: Sql): Promise<ServerFacts> {
  const [row] = await control<{ facts: ServerFacts }[]>`
    select json_build_object(
      'versionNumber', current_setting('server_version_num')::int,
      'roles', (select coalesce(json_agg(rolname), '[]'::json) from pg_roles),
      'extensions', (select coalesce(json_agg(name), '[]'::json) from pg_available_extensions),
      'tablespaces', (select coalesce(json_agg(spcname), '[]'::json) from pg_tablespace),
      'dataDirectory', case when pg_has_role('pg_read_all_settings', 'MEMBER')
                            then current_setting('data_directory') end) as facts`;
  if (row === undefined) throw new Error("the server told nothing of itself");
  return row.facts;
}

/** What a database needs of its server. */
export interface Needs {
  /** For people: whose needs these are. */
  what: string;
  roles: readonly string[];
  extensions: readonly string[];
  tablespaces: readonly string[];
  /** The way that does without the roles. */
  withoutRoles: string;
}

/** Throws (exit 4) when the server lacks something, naming all of it. */
export function requirePresent(facts: ServerFacts, label: string, needs: Needs): void {
  const lines: string[] = [];
  const ways: string[] = [];
  const check = (kind: "roles" | "extensions" | "tablespaces", way: string) => {
    const missing = [...new Set(needs[kind])].filter((name) => !facts[kind].includes(name));
    if (missing.length === 0) return;
    lines.push(`${kind}: ${missing.join(", ")}`);
    ways.push(way);
  };
  check("roles", `create the roles (createuser), ${needs.withoutRoles}`);
  check("extensions", "install the extensions in the server, or use an image that has them");
  check("tablespaces", "create the tablespaces (CREATE TABLESPACE)");
  if (lines.length === 0) return;
  throw new PgroveError({
    code: "server_lacks",
    message: [`${label} lacks what ${needs.what} needs:`, ...lines].join("\n"),
    hint: ways.join("\n"),
    exit: EXIT.missing,
  });
}
