/** Why pgrove's own tables could not be made or written, in words. */
import { EXIT, failure, messageOf, PgroveError } from "../../errors.ts";
import { codeOf } from "../../postgres/connect.ts";
import { errorField } from "../../postgres/error-field.ts";
import { READ_ONLY_CODE, READ_ONLY_WAYS } from "../../postgres/read-only.ts";
import type { LedgerPlace } from "./ledger-place.ts";

const ROW_SECURITY = /row-level security/;

/** The words for what PostgreSQL has answered. Anything else stays as it is. */
export function explainLedgerError(error: unknown, place: LedgerPlace): unknown {
  if (errorField(error, "severity") === undefined) return error;
  return ledgerFailed(error, place, `the user may not write down what is applied in ${place.database}`);
}

/** Why a migration that was run could not be written down, and so was rolled back: by what it did itself, or another reason. */
export function bookkeepingFailed(error: unknown, place: LedgerPlace, migration: string): PgroveError {
  const failed = (code: string, why: string, hint: string) =>
    failure(code, `${migration} ${why}; it was rolled back: ${messageOf(error)}`, hint, error);
  switch (codeOf(error)) {
    case READ_ONLY_CODE: // a database that is one has been told before
      return failed(
        "migration_read_only",
        "makes its own transaction read-only, so that it cannot be written down",
        "take SET TRANSACTION READ ONLY, or default_transaction_read_only, out of it",
      );
    case "42P01": // undefined_table
    case "3F000": // invalid_schema_name
      return failed(
        "ledger_dropped",
        `drops or moves a table that says what is applied (${place.table}, ${place.history}, ${place.companion.table})`,
        "let it drop what it means, and not the schema with all that is in it; or keep them elsewhere from the first migration on: migrations.table: SCHEMA.NAME",
      );
    default:
      return ledgerFailed(error, place, `${migration} was run and rolled back: it could not be written down`);
  }
}

/** `what`: what could not be done, to which PostgreSQL's words are added. */
function ledgerFailed(error: unknown, place: LedgerPlace, what: string): PgroveError {
  const { database, schema, ledgerSchema } = place;
  const said = messageOf(error);
  const message = `${what}: ${said}`;
  switch (codeOf(error)) {
    case "42501": {
      if (ROW_SECURITY.test(said)) return failure("row_security", message, unforceHint(place), error);
      const hint = `let an administrator create the schemas ${ledgerSchema} and ${schema}, and give the user CREATE in them`;
      return failure("not_allowed", message, hint, error);
    }
    case READ_ONLY_CODE:
      return new PgroveError({
        code: "read_only",
        message: `${database} can only be read: ${said}`,
        hint: READ_ONLY_WAYS,
        exit: EXIT.refused,
        cause: error,
      });
    case "55P03":
    case "57014":
      return failure(
        "ledger_busy",
        `pgrove's own tables in ${database} were not free in the time that the role or the database allows: ${said}`,
        "pgrove status        shows who is connected; or ALTER ROLE … RESET lock_timeout, statement_timeout",
        error,
      );
    default: {
      const where = errorField(error, "where");
      return failure(
        "ledger_failed",
        `pgrove's own tables in ${database}, which say what is applied, could not be written: ${said}${where === undefined ? "" : `\nCONTEXT: ${where}`}`,
        "an event trigger or a trigger may be in the way: pgrove sql -c 'table pg_event_trigger'",
        error,
      );
    }
  }
}

/** How the owner gets at its rows again. */
function unforceHint({ table, history, companion }: LedgerPlace): string {
  const statements = [table, history, companion.table].map(
    (name) => `ALTER TABLE ${name} NO FORCE ROW LEVEL SECURITY;`,
  );
  return ["let the owner of pgrove's own tables run, and migrate as that owner:", ...statements].join("\n");
}
