/** Words of a command line, of what a body holds. */

/** The words for an option of yes or no. */
export const when = (given: boolean, ...words: string[]): string[] => (given ? words : []);

/** The words for an option with a value. */
export const option = (name: string, value: string | undefined): string[] =>
  value === undefined ? [] : [`--${name}=${value}`];

/** The plan instead of the deed. */
export const dryRun = ({ dry_run }: { dry_run: boolean }): string[] => when(dry_run, "--dry-run");
