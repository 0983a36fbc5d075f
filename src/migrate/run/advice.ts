/** What to change for the errors whose words alone do not say it. */
import { messageOf } from "../../errors.ts";
import { codeOf } from "../../postgres/connect.ts";
import { READ_ONLY_CODE, READ_ONLY_WAYS } from "../../postgres/read-only.ts";
import { explainFull } from "../../work/explain.ts";

const OUTSIDE =
  "what commits by itself, as CONCURRENTLY does and CALL may, cannot be part of a transaction: put it into a file of its own whose first line is -- pgrove:no-transaction";
const BY_PARTITIONS = [
  "of a partitioned table: CREATE INDEX name ON ONLY the table, which builds nothing;",
  "then CREATE INDEX CONCURRENTLY on each partition, in files with -- pgrove:no-transaction; then ALTER INDEX name ATTACH PARTITION each of them",
];
const KEY_BY_PARTITIONS =
  "of a partitioned table: add it to each partition NOT VALID, VALIDATE CONSTRAINT there, then add it to the table, which takes those over";

/** Lines for the hint; none where the error says all there is to say, or the script itself is wrong. */
export function adviseOn(error: unknown): readonly string[] {
  return adviseOnCode(codeOf(error) ?? "", messageOf(error));
}

/** psql tells no codes: those of its English words. */
const CODES: readonly (readonly [words: RegExp, code: string])[] = [
  [/extension "[^"]+" is not available|could not open extension control file/, "58P01"],
  [/^[^\n]*ERROR: +relation "[^"]+" already exists/m, "42P07"],
  [/role "[^"]+" does not exist/, "42704"],
  [/permission denied|must be owner of|must be superuser/, "42501"],
  [/used by a view or rule/, "0A000"],
  [/contains null values/, "23502"],
  [/could not create unique index/, "23505"],
  [/violates foreign key constraint/, "23503"],
  [/is violated by some row/, "23514"],
  [/other objects depend on it/, "2BP01"],
  [/invalid transaction termination/, "2D000"],
  [/cannot run inside a transaction block|cannot be executed from a function/, "25001"],
  [/unsafe use of new value/, "55P04"],
  [/partitioned (?:table|index)/, "0A000"],
];

/** The same for what psql has said. */
export function adviseOnWords(said: string): readonly string[] {
  const code = CODES.find(([words]) => words.test(said))?.[1];
  return code === undefined ? [] : adviseOnCode(code, said);
}

/** By the error's code and words. https://www.postgresql.org/docs/current/errcodes-appendix.html */
function adviseOnCode(code: string, said: string): readonly string[] {
  switch (code) {
    case "2D000": // invalid_transaction_termination
    case "25001": // active_sql_transaction: "cannot run inside a transaction block"
      return [OUTSIDE];
    case "55P04": // unsafe_new_enum_value_usage
      return ["a new value of an enum can be used once it is committed: put its use into a migration behind this one"];
    case "0A000":
      return adviseOnUnsupported(said);
    case "58P01":
      return /extension/.test(said) ? [EXTENSION] : [];
    case "42P07": // duplicate_table
      return [
        "where the database had its schema before these migrations: pgrove migrate baseline VERSION    takes it over as it is",
      ];
    case "42704": // undefined_object
      return /role "/.test(said)
        ? [
            "roles are the server's, and in no database's copy: CREATE ROLE there, or in a migration where it may be missing",
          ]
        : [];
    case "42501":
      return ["the login may not do that: let its owner, or a superuser, migrate; or GRANT the right to the login"];
    case "23502":
    case "23503":
    case "23505":
    case "23514":
      return adviseOnRows(code, said);
    case "2BP01": // dependent_objects_still_exist
      return ["DETAIL says what needs it: change or drop that first; CASCADE takes it along, whatever it is"];
    case "55000":
      return /detach partitions concurrently when a default/.test(said)
        ? ["DETACH PARTITION without CONCURRENTLY; or detach the default partition first, and attach it again"]
        : [];
    case "53100":
      return adviseOnFull(said);
    case "55P03":
      return [adviseOnLock(said)];
    case "57014":
      return adviseOnCancel(said);
    case "25P03":
      return ["the role's or the database's idle_in_transaction_session_timeout has ended the session: \\drds in psql"];
    case "25P04":
      return [
        "transaction_timeout has ended it, which counts for the whole migration: ALTER ROLE … SET transaction_timeout = 0",
      ];
    case READ_ONLY_CODE:
      return [`the database can only be read: ${READ_ONLY_WAYS}`];
    default:
      return [];
  }
}

/** What rows that are there stand against: not_null, foreign_key, unique and check violations. */
function adviseOnRows(code: string, said: string): readonly string[] {
  if (code === "23502" && /contains null values/.test(said)) {
    return [
      "rows are there without a value: a new column needs a DEFAULT, or is filled before it is NOT NULL; else UPDATE … SET … first",
    ];
  }
  if (code === "23503") {
    return [
      "DETAIL has a row that points to nothing, or is pointed to: mend the rows first; a constraint for new rows alone: NOT VALID",
    ];
  }
  if (code === "23505" && /could not create unique index/.test(said)) {
    return ["rows are there twice: SELECT the columns, count(*) … GROUP BY … HAVING count(*) > 1 shows which"];
  }
  if (code === "23514" && /violated by some row/.test(said)) {
    return ["rows are there that it does not hold for: mend them first; a constraint for new rows alone: NOT VALID"];
  }
  return [];
}

const EXTENSION = "install the extension in the server, or use an image that has it";

function adviseOnUnsupported(said: string): readonly string[] {
  if (/extension "[^"]+" is not available/.test(said)) return [EXTENSION];
  if (/used by a view or rule/.test(said))
    return ["in this migration: DROP VIEW …, then the change, then CREATE VIEW … again"];
  return /partitioned/.test(said) ? adviseOnPartitioned(said) : [];
}

function adviseOnFull(said: string): readonly string[] {
  const full = explainFull(said);
  return full === undefined ? [] : [`${full.why}: ${full.hint}`];
}

function adviseOnPartitioned(said: string): readonly string[] {
  if (/concurrently/i.test(said)) {
    return /\bdrop\b/i.test(said) ? ["of a partitioned table: DROP INDEX without CONCURRENTLY"] : BY_PARTITIONS;
  }
  return /NOT VALID/i.test(said) ? [KEY_BY_PARTITIONS] : [];
}

function adviseOnLock(said: string): string {
  return /lock timeout/.test(said)
    ? "somebody holds a lock for longer than migrations.lock_timeout (default 5s), or than the script's own or the role's: pgrove status"
    : "somebody holds the lock, and NOWAIT does not wait for it: pgrove status";
}

function adviseOnCancel(said: string): readonly string[] {
  if (!/statement timeout/.test(said)) return ["somebody has cancelled it (pg_cancel_backend)"];
  return [
    "--statement-timeout 10m    gives each statement more time; 0 gives it all",
    "where the script sets statement_timeout itself, or resets it to that of the role (\\drds in psql), that counts",
  ];
}
