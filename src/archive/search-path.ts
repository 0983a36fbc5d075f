/** The search_path of a load. A dump sets an empty one, by which names without a schema are not found. */

const EMPTIES = /^SELECT (?:pg_catalog\.)?set_config ?\('', '', false\)$/i;
const EMPTY_PATH = /\('search_path', '', false\)/i;

/** Whether a statement of the lexer empties the search_path. */
export function setsNoPath(text: string, bytes: Uint8Array): boolean {
  return EMPTIES.test(text) && EMPTY_PATH.test(Buffer.from(bytes).toString("latin1"));
}

/** What pg_restore is told in its place: it sets one by itself, which ends when there is another. */
export const USUAL_PATH = "RESET search_path;";
