/** Words as a POSIX shell reads them back. */

/** In quotes, whatever it holds. */
export function quoteForShell(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** In quotes only where it needs them, for commands that are shown to be typed. */
export function quoteWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : quoteForShell(word);
}
