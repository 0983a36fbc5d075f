/**
 * The lines of an env file. Where docker compose, dotenv and a shell agree, as they do; where they do not, as docker compose
 * does, but nothing that is written is dropped without a word.
 */

export interface EnvEntry {
  name: string;
  /** Between the quotes, with its backslashes. */
  written: string;
  quote: "" | '"' | "'" | "`";
  /** A quote that is not closed, or has something behind it: part of the value then. */
  hasLooseQuote: boolean;
}

const NAME = /[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*(?:=|:(?=[ \t]))([ \t]*)/y;

/** All assignments, in their order. Lines that assign nothing are left out, as dotenv leaves them out. */
export function readEnvEntries(source: string): EnvEntry[] {
  const text = source
    .replace(/^\uFEFF/, "")
    .replaceAll("\r\n", "\n")
    .replaceAll("\r", "\n");
  const entries: EnvEntry[] = [];
  for (let at = 0; at < text.length; ) {
    NAME.lastIndex = at;
    const named = NAME.exec(text);
    const lineEnd = endOfLine(text, at);
    if (named === null || NAME.lastIndex > lineEnd) {
      at = lineEnd + 1;
      continue;
    }
    const [whole, name = "", blanks = ""] = named;
    const start = at + whole.length;
    const quoted = readQuoted(text, start);
    if (quoted !== undefined) {
      entries.push({ name, ...quoted.value, hasLooseQuote: false });
      at = endOfLine(text, quoted.end) + 1;
      continue;
    }
    const written = withoutComment(text.slice(start, lineEnd), blanks !== "");
    entries.push({ name, written, quote: "", hasLooseQuote: /^["'`]/.test(written) });
    at = lineEnd + 1;
  }
  return entries;
}

function endOfLine(text: string, from: number): number {
  const found = text.indexOf("\n", from);
  return found < 0 ? text.length : found;
}

/** A value in quotes, over several lines where it has them, with nothing behind it but a comment. */
function readQuoted(
  text: string,
  start: number,
): { value: Pick<EnvEntry, "written" | "quote">; end: number } | undefined {
  const quote = text.charAt(start);
  if (quote !== '"' && quote !== "'" && quote !== "`") return undefined;
  let end = start + 1;
  while (end < text.length && text.charAt(end) !== quote) end += text.charAt(end) === "\\" && quote !== "`" ? 2 : 1;
  if (end >= text.length) return undefined;
  const rest = text.slice(end + 1, endOfLine(text, end));
  if (!/^[ \t]*(#.*)?$/.test(rest)) return undefined;
  return { value: { written: text.slice(start + 1, end), quote }, end };
}

/** `#` begins a comment behind a blank only: a password may hold one. */
function withoutComment(line: string, isBehindBlank: boolean): string {
  const comment = isBehindBlank && line.startsWith("#") ? 0 : line.search(/[ \t]#/);
  return (comment < 0 ? line : line.slice(0, comment)).trimEnd();
}

const IN_DOUBLE_QUOTES: Readonly<Record<string, string>> = {
  ...{ n: "\n", r: "\r", t: "\t", a: "\x07", b: "\b", f: "\f", v: "\v" },
  ...{ "\\": "\\", '"': '"', $: "$" },
};

/** What a backslash and a sign stand for there; undefined: themselves. */
export function escapeIn(quote: EnvEntry["quote"]): (sign: string) => string | undefined {
  if (quote === '"') return (sign) => IN_DOUBLE_QUOTES[sign];
  if (quote === "'") return (sign) => (sign === "'" ? sign : undefined);
  return (sign) => (sign === "$" && quote === "" ? sign : undefined);
}
