/** Words of a command line, of what a body holds. */
import { quoteIdentifier } from "../postgres/identifier.ts";

/** The words for an option of yes or no. */
export const when = (given: boolean, ...words: string[]): string[] => (given ? words : []);

/** The words for an option with a value. */
export const option = (name: string, value: string | undefined): string[] =>
  value === undefined ? [] : [`--${name}=${value}`];

/** Who takes the places of a dump's roles, quoted as the command line reads it. */
export const mapRoles = (roles: Readonly<Record<string, string>>): string[] =>
  Object.entries(roles).map(([from, to]) => `--role-map=${quoteIdentifier(from)}=${quoteIdentifier(to)}`);

/** The plan instead of the deed. */
export const dryRun = ({ dry_run }: { dry_run: boolean }): string[] => when(dry_run, DRY_RUN);

export const DRY_RUN = "--dry-run";
