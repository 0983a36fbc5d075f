/**
 * Text on its way to a terminal: what names, notes and files bring along must neither move the cursor nor hide, turn round or
 * colour what is shown. Only pgrove's own colours pass, which are known by a word that nobody else can know.
 */

/** Within a colour's code, so that it takes no room on the screen where it is counted. */
const OURS = `9${crypto.getRandomValues(new Uint32Array(2)).join("")}`;

/** A colour of ours, for text that is still to be made visible. */
export function markColor(code: number): string {
  return `\u001b[${OURS};${code}m`;
}

const MARKED = new RegExp(`\u001b\\[${OURS};(\\d+)m`, "g");

/** The text as a terminal takes it. */
export function showColors(text: string): string {
  return text.replaceAll(MARKED, "\u001b[$1m");
}

/**
 * Control characters, what turns the direction of writing, what has no width (also joiners and variation selectors) or no ink
 * without being a space (an empty Braille cell), other line breaks than our own, and halves of characters.
 */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}\u2800]/u;
const UNSEEN_OR_OURS = new RegExp(`${MARKED.source}|${UNSEEN.source}`, "gu");

/** Text whose unseen characters are spelt out, but for newlines, tabs and pgrove's own colours. */
export function visible(text: string): string {
  return text.replace(UNSEEN_OR_OURS, (found, color: string | undefined) =>
    found === "\n" || found === "\t" || color !== undefined ? found : spell(found),
  );
}

/** The same for what has to stay on one line, such as a name in a table. */
export function visibleOnOneLine(text: string): string {
  return visible(text).replaceAll("\n", "\\n").replaceAll("\t", "\\t");
}

function spell(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, "0")}`;
  return code <= 0xffff ? `\\u${code.toString(16).padStart(4, "0")}` : `\\u{${code.toString(16)}}`;
}

/** JSON whose unseen characters are written as JSON writes them: the same document, which a terminal may be shown. */
export function visibleJson(json: string): string {
  return json.replace(new RegExp(UNSEEN.source, "gu"), (found) =>
    Array.from({ length: found.length }, (_, at) => `\\u${found.charCodeAt(at).toString(16).padStart(4, "0")}`).join(
      "",
    ),
  );
}
