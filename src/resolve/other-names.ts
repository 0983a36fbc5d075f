/** Variables that say where a database is under names that pgrove does not read, as Laravel's and Vercel's do. */
import { isUrl } from "../postgres/conninfo.ts";

const PART = /^((?:[A-Z0-9]+_)+)(HOST|PORT|USER|USERNAME|PASSWORD|PASS|NAME|DATABASE|DBNAME|DB)$/;
const USUAL: Readonly<Record<string, string>> = {
  ...{ HOST: "HOST", PORT: "PORT", USER: "USER", USERNAME: "USER", PASSWORD: "PASSWORD", PASS: "PASSWORD" },
  ...{ NAME: "NAME", DATABASE: "NAME", DBNAME: "NAME", DB: "NAME" },
};

/** What would say the same under names that are read, a line each, without a value; none where nothing of the kind is there. */
export function linesInUsualNames(variables: Readonly<Record<string, string>>): string[] {
  const url = Object.keys(variables).find((name) => isUrl(variables[name] ?? ""));
  if (url !== undefined) return [`DATABASE_URL="\${${url}}"`];
  const families = new Map<string, Map<string, string>>();
  for (const name of Object.keys(variables)) {
    const [, beginning, part = ""] = PART.exec(name) ?? [];
    if (beginning === undefined) continue;
    const lines = families.get(beginning) ?? new Map<string, string>();
    families.set(beginning, lines.set(USUAL[part] ?? "", `DATABASE_${USUAL[part]}, as ${name} has it`));
  }
  const whole = [...families.values()].find((lines) => lines.has("HOST") && lines.has("NAME"));
  return whole === undefined ? [] : [...whole.values()];
}
