/** Settings whose value is a list of names. */
import { quoteLiteral } from "./identifier.ts";

/** Settings whose value is a list of quoted names and would change its meaning as one literal (pg_dump's own list). */
const LIST_SETTINGS = new Set([
  "local_preload_libraries",
  "search_path",
  "session_preload_libraries",
  "shared_preload_libraries",
  "temp_tablespaces",
  "unix_socket_directories",
]);

/** The parts of a list setting's value: `"$user", public` is $user and public. */
export function splitListSetting(value: string): string[] {
  return [...value.matchAll(/\s*("(?:[^"]|"")*"|[^,]+)\s*(?:,|$)/g)].map(([, part = ""]) =>
    part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part.trim(),
  );
}

/** A setting's value as `ALTER … SET name TO` takes it. */
export function formatSettingValue(name: string, value: string): string {
  if (!LIST_SETTINGS.has(name.toLowerCase())) return quoteLiteral(value);
  return splitListSetting(value).map(quoteLiteral).join(", ") || "''";
}
