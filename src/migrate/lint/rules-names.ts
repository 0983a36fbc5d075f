/** Rules about names as they are written. */
import { MAX_NAME_BYTES } from "../../postgres/identifier.ts";
import { findPart, keyOfRelation, visitParts } from "../../sql/nodes.ts";
import type { Rule } from "./rule.ts";

const tableSchema: Rule = {
  name: "require-table-schema",
  level: "off",
  about: "a table without its schema: which one is meant depends on the search_path",
  down: true,
  *check(node, { facts }) {
    const relations: { key: string; location: number | undefined }[] = [];
    visitParts(node, "RangeVar", (range) => {
      if (range.schemaname === undefined) relations.push({ key: keyOfRelation(range), location: range.location });
    });
    const stmt = findPart(node, "CreateStmt") ?? findPart(node, "AlterTableStmt") ?? findPart(node, "IndexStmt");
    const own = stmt?.relation;
    if (own !== undefined && own.schemaname === undefined && own.relpersistence !== "t") {
      relations.push({ key: keyOfRelation(own), location: own.location });
    }
    for (const { key, location } of relations) {
      if (facts.isTemporary(key)) continue;
      yield { message: `the schema of ${key} depends on the search_path`, hint: `schema.${key}`, location };
    }
  },
};

export const NAME_RULES: readonly Rule[] = [tableSchema];

export interface LongName {
  /** In UTF-16 units. */
  position: number;
  name: string;
  bytes: number;
}

/** Strings, comments and dollar-quoted texts, which are no names; then names, quoted (1, 2) or not (3). */
const WORDS =
  /'(?:[^']|'')*'|\$([\p{L}_][\p{L}\p{N}_]*)?\$[\s\S]*?\$\1\$|--[^\n]*|\/\*[\s\S]*?\*\/|"((?:[^"]|"")+)"|([\p{L}_][\p{L}\p{N}_$]*)/gu;

/** The shortest text, in UTF-16 units, that can be longer than a name may be. */
const SHORTEST = new RegExp(
  `[\\p{L}_"][^\\s'(),;.]{${Math.floor(MAX_NAME_BYTES / 3)},}|"[^"]{${Math.floor(MAX_NAME_BYTES / 3)},}"`,
  "u",
);

/** The names that are longer than PostgreSQL keeps. Its parser has cut them already, so the text is searched. */
export function findLongNames(sql: string): LongName[] {
  if (!SHORTEST.test(sql)) return [];
  return [...sql.matchAll(WORDS)].flatMap((match) => {
    const name = match[2]?.replaceAll('""', '"') ?? match[3];
    const bytes = name === undefined ? 0 : Buffer.byteLength(name);
    return name === undefined || bytes <= MAX_NAME_BYTES ? [] : [{ position: match.index, name, bytes }];
  });
}
