/** The collations that statements of a dump name, and those that they make. */
import { eachStatement } from "../sql/each-statement.ts";
import { readTokens, type SqlToken } from "../sql/tokens.ts";
import type { ArchiveEntry } from "./archive.ts";

export interface MadeCollation {
  name: string;
  /** libc, icu, builtin. */
  provider: string;
  locales: readonly string[];
}

export interface Collations {
  /** Of PostgreSQL's own, which each server has by the locales of its system. */
  named: readonly string[];
  made: readonly MadeCollation[];
}

const MAY_NAME = /\bCOLLAT(?:E|ION)\b/i;
const SYSTEM = "pg_catalog";

/** Collects them from statement to statement. */
export class CollationList {
  private readonly named = new Set<string>();
  private readonly made = new Map<string, MadeCollation>();

  /** A statement of the lexer; `whole` is it with what its strings hold. */
  add(text: string, whole: () => Uint8Array | undefined): void {
    if (!MAY_NAME.test(text)) return;
    const bytes = whole() ?? Buffer.from(text);
    const tokens = readWords(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1"));
    const makes = /^CREATE COLLATION\b/i.test(text);
    if (makes) this.addMade(tokens);
    else for (const [schema, name] of namesIn(tokens)) if (schema === SYSTEM) this.named.add(name);
  }

  private addMade(tokens: readonly Word[]): void {
    const open = tokens.findIndex(({ text, kind }) => kind === "sign" && text === "(");
    const name = tokens[open - 1]?.text;
    if (open < 0 || name === undefined) return;
    const options = new Map<string, string>();
    for (const [index, { text, kind }] of tokens.entries()) {
      if (index > open && kind === "sign" && text === "=") {
        options.set(tokens[index - 1]?.text ?? "", tokens[index + 1]?.text ?? "");
      }
    }
    const locales = ["locale", "lc_collate", "lc_ctype"].flatMap((option) => options.get(option) ?? []);
    this.made.set(name, { name, provider: options.get("provider") ?? "libc", locales: [...new Set(locales)] });
  }

  get all(): Collations {
    return { named: [...this.named], made: [...this.made.values()] };
  }
}

/** Those of an archive's entries. */
export function collationsOf(entries: readonly ArchiveEntry[]): Collations {
  const list = new CollationList();
  for (const { definition } of entries) {
    if (!MAY_NAME.test(definition)) continue;
    const bytes = Buffer.from(definition);
    eachStatement(bytes, (text, { start, end }) => list.add(text, () => bytes.subarray(start, end)));
  }
  return list.all;
}

/** A token with what it says: names without their quotes, words in small letters. */
interface Word extends Pick<SqlToken, "kind"> {
  text: string;
}

function readWords(sql: string): Word[] {
  return readTokens(sql).map(({ kind, start, end }) => ({ kind, text: wordOf(kind, sql.slice(start, end)) }));
}

function wordOf(kind: SqlToken["kind"], latin1: string): string {
  const text = Buffer.from(latin1, "latin1").toString("utf8");
  if (kind === "word") return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  if (kind === "name") return text.slice(1, -1).replaceAll('""', '"');
  return kind === "string" ? text.slice(1, -1).replaceAll("''", "'") : text;
}

/** What stands behind COLLATE, or `collation =` of a range: an empty search_path leaves nothing out but the system's schema. */
function namesIn(tokens: readonly Word[]): [schema: string, name: string][] {
  return tokens.flatMap(({ kind, text }, index): [string, string][] => {
    if (kind !== "word") return [];
    if (text !== "collate" && !(text === "collation" && tokens[index + 1]?.text === "=")) return [];
    const [first, dot, second] = tokens.slice(text === "collate" ? index + 1 : index + 2);
    if (first === undefined) return [];
    return [dot?.text === "." && second !== undefined ? [first.text, second.text] : [SYSTEM, first.text]];
  });
}
