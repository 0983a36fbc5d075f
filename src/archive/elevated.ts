/**
 * What of a dump a server's administrator can make for a login that may not: each by one statement, with nothing in it that
 * is run at once. All else that only superusers do stays undone.
 */
import { wantOf } from "./wants.ts";

/** One statement of a dump about something that only some may make. */
export interface ElevatedStatement {
  /** As wants name it. */
  object: string;
  sql: string;
  /** By it an event trigger acts in sessions that want none to act: an administrator's, too. */
  isDefiant?: true;
}

/** They stand in front of all else, where nothing of the dump is there yet that could get in an extension's way. */
const FRONT = ["extension", "foreign data wrapper", "access method"];
/** Behind all else, since they name what is made there. */
const BACK = ["event trigger", "publication"];

const FORMS = new RegExp(`^(?:CREATE|ALTER|COMMENT ON) (?:${[...FRONT, ...BACK].join("|")}) (?!.*\\bOWNER TO\\b)`, "i");

const DEFIANT = /\bENABLE\s+(?:ALWAYS|REPLICA)\b/i;

/** Without what an administrator had better not make. */
export function withoutDefiant(statements: readonly ElevatedStatement[]): ElevatedStatement[] {
  const defiant = new Set(statements.filter(({ isDefiant }) => isDefiant).map(({ object }) => object));
  return statements.filter(({ object }) => !defiant.has(object));
}

/** Whether an administrator can make the thing, as wants name it. */
function isElevatable(object: string): boolean {
  return [...FRONT, ...BACK].some((kind) => object.startsWith(`${kind} `));
}

/** Whether it stands in front of the rest of the dump. */
export function standsInFront({ object }: Pick<ElevatedStatement, "object">): boolean {
  return FRONT.some((kind) => object.startsWith(`${kind} `));
}

/** The statement, where it is about something that an administrator can make; `whole` has what its strings hold. */
export function elevatedOf(text: string, whole: () => string): ElevatedStatement | undefined {
  if (!FORMS.test(text)) return undefined;
  const object = wantOf(text, whole)?.object ?? "";
  if (!isElevatable(object)) return undefined;
  // In the statement itself a comment may stand between the words.
  return { object, sql: whole(), ...(DEFIANT.test(text) ? { isDefiant: true } : {}) };
}

/** What is left out of the rest of the dump for them: they themselves, and the schemas that extensions lie in. */
export function takenBy(statements: readonly ElevatedStatement[]): string[] {
  return statements.flatMap((each) => {
    const home = homeOf(each);
    return home === undefined ? [each.object] : [each.object, `schema ${home}`];
  });
}

/** The schema that an extension is created in, where a new database has none of that name. */
export function homeOf({ object, sql }: ElevatedStatement): string | undefined {
  if (!object.startsWith("extension ")) return undefined;
  const [, quoted, bare] = /\bSCHEMA\s+(?:"((?:[^"]|"")+)"|([^\s;"]+))/i.exec(sql) ?? [];
  const schema = quoted?.replaceAll('""', '"') ?? bare?.toLowerCase();
  return schema === "public" || schema === "pg_catalog" ? undefined : schema;
}
