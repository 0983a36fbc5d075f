/**
 * The postgres.js whose inside pgrove relies on in two places (one-session.ts, seed/load/copy-stream.ts): package.json names
 * exactly this one, and a test that the one which is installed is it.
 */
import { failure, type PgroveError } from "../errors.ts";

export const KNOWN_POSTGRES_JS = "3.4.9";

/** The error (exit 1) for a postgres.js that is built in another way. */
export function unknownLibrary(lacking: string): PgroveError {
  return failure(
    "postgres_js_changed",
    `pgrove was built with another postgres.js than ${KNOWN_POSTGRES_JS}: ${lacking} is not where it was`,
    "build it with what package-lock.json names",
  );
}
