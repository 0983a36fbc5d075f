/** A database's locale on a server that may not have it. */
import { codeOf } from "../postgres/connect.ts";
import type { Sql } from "../postgres/toolbox.ts";
import type { DatabaseShape } from "./swap.ts";

const EVERYWHERE = new Set(["C", "POSIX"]);
const INVALID_VALUE = "22023";

/**
 * The shape, with the server's usual locale where it has not the wanted one, and what is to be said of that: rows are the same
 * then, but text is sorted and compared by other rules.
 */
export async function fitLocale(
  control: Sql,
  wanted: DatabaseShape,
  usual: DatabaseShape,
): Promise<{ shape: DatabaseShape; note?: string }> {
  const missing: string[] = [];
  for (const name of new Set([wanted.collate, wanted.ctype])) {
    if (!(await hasLocale(control, name))) missing.push(name);
  }
  if (missing.length === 0) return { shape: wanted };
  const { collate, ctype } = usual;
  // By its own locale an ICU database is sorted; it has the system's beside it.
  const encoding = EVERYWHERE.has(collate) && EVERYWHERE.has(ctype) ? wanted.encoding : usual.encoding;
  const sorted = wanted.provider === "c" ? `: text is sorted as in ${collate}` : "";
  const note = `there is no locale ${missing.join(", ")} on this server, so the new database gets ${collate}${sorted}`;
  return { shape: { ...wanted, collate, ctype, encoding }, note };
}

/** Whether the server's system has a locale: it is asked for one that only says how dates are written. */
export async function hasLocale(control: Sql, name: string): Promise<boolean> {
  if (EVERYWHERE.has(name)) return true;
  try {
    await control`select set_config('lc_time', ${name}, true)`;
    return true;
  } catch (error) {
    if (codeOf(error) !== INVALID_VALUE) throw error;
    return false;
  }
}
