/**
 * The text of a worktree's schema as main's: where each worktree has a schema of its own, they must write the same file.
 */
import { quoteIdentifier } from "../../postgres/identifier.ts";

/** Dollar-quoted text · a string, perhaps the name of a relation · a comment · a name, with the dot behind it. */
const TOKEN =
  /\$(\w*)\$[\s\S]*?\$\1\$|'(?:[^']|'')*'(?:::regclass)?|--[^\n]*|"(?:[^"]|"")*"\.?|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*\.?/g;
const NEEDS_NO_QUOTES = /^[a-z_][a-z0-9_$]*$/;

/**
 * pg_dump's text of the schema `from`, as if it were called `to`. What stands within strings and the bodies of functions
 * stays as it was written, but for the names of relations such as `nextval('a.b'::regclass)`.
 */
export function renameSchema(text: string, from: string, to: string): string {
  const [old, wanted] = [writtenName(from), writtenName(to)];
  const renameBeginning = (word: string, before = "") =>
    word.startsWith(`${before}${old}.`) ? `${before}${wanted}.${word.slice(before.length + old.length + 1)}` : word;
  return text
    .replace(TOKEN, (token: string, _tag: unknown, offset: number) => {
      if (token.startsWith("--")) return renameInComment(token, from, to);
      if (token.startsWith("'")) return token.endsWith("'::regclass") ? renameBeginning(token, "'") : token;
      return text[offset - 1] === "." ? token : renameBeginning(token);
    })
    .replaceAll(`\nCREATE SCHEMA ${old};\n`, `\nCREATE SCHEMA ${wanted};\n`);
}

/** pg_dump's line above each object. */
function renameInComment(comment: string, from: string, to: string): string {
  return comment
    .replace(`; Schema: ${from}; `, () => `; Schema: ${to}; `)
    .replace(`-- Name: ${from}; Type: SCHEMA; `, () => `-- Name: ${to}; Type: SCHEMA; `);
}

/** A name as pg_dump writes it, but for key words. */
export function writtenName(name: string): string {
  return NEEDS_NO_QUOTES.test(name) ? name : quoteIdentifier(name);
}
