/** Which tool a migration is written for that is none of pgrove's layouts, by the file's name, or by what stands in it. */

const FLYWAY_NAME = /^(?:[vub]\d[\d._]*|r)__.*\.sql$/i;
/** A number, Flyway's and refinery's names, and the revisions of Alembic. */
const TOOLS_NAME = /^(?:\d+[_.-]|[vub]\d[\d._]*__|r__|[0-9a-f]{12}_.*\.py$)/i;
/** Whole names that only one tool has. */
const TOOLS_FILES: readonly (readonly [name: RegExp, tool: string])[] = [
  [/^(?:db\.)?change-?log\b.*\.(?:xml|ya?ml|json|sql)$/i, "Liquibase"],
  [/^(?:before|after)(?:Each)?(?:Migrate|Undo|Clean|Validate|Baseline|Repair)\w*\.sql$/, "Flyway"],
  [/^sqitch\.plan$/, "sqitch"],
  [/^script\.py\.mako$/, "Alembic"],
  [/^m\d{8}_\d{6}_.*\.rs$/, "SeaORM"],
  [/^Version\d{14}\.php$/, "Doctrine"],
  [/^Migration\d{14}.*\.[cm]?[jt]s$/, "MikroORM"],
  [/^\d.*\.fizz$/, "Buffalo's pop"],
];
/** What tools that have SQL in numbered files write into them. */
const TOOLS_TEXT: readonly (readonly [mark: RegExp, tool: string])[] = [
  [/^\s*--\s*liquibase formatted sql/im, "Liquibase"],
  [/^\s*--\s*\+\s*migrate\b/im, "sql-migrate"],
  [/^\s*--\s*\+\s*micrate\b/im, "micrate"],
  [/^\s*--\s*rambler (?:up|down)\b/im, "rambler"],
  [/^\s*--\s*up migration\b/im, "node-pg-migrate"],
  [/^-{4} create above \/ drop below/im, "tern"],
  [/^--! (?:previous|hash):/im, "Graphile Migrate"],
  [/^\s*--\s*depends:/im, "yoyo"],
  [/^\s*--\s*\/\/\s*@undo\b/im, "MyBatis"],
  [/^--> statement-breakpoint/m, "drizzle"],
];

const SCRIPT_TOOLS: readonly (readonly [ends: readonly string[], tool: string])[] = [
  [["go"], "a Go program such as goose"],
  [["py"], "Alembic or Django"],
  [["rb"], "Rails"],
  [["js", "cjs", "mjs", "ts", "cts", "mts"], "a JavaScript tool such as Knex"],
  [["php"], "Laravel or another PHP tool"],
  [["exs"], "Ecto"],
  [["cs"], "Entity Framework"],
  [["edn", "clj"], "a Clojure tool such as Migratus"],
  [["lua"], "Lapis"],
  [["cr"], "a Crystal tool such as Avram"],
  [["swift"], "Fluent"],
  [["java", "kt", "groovy", "scala"], "Flyway"],
  [["rs"], "refinery"],
  [["xml", "yaml", "yml"], "Liquibase"],
];
const NO_SCRIPT = /(?:[._](?:test|spec)|\.d)\.\w+$/i;

/** V2__users.sql, R__views.sql */
export function isFlywayName(name: string): boolean {
  return FLYWAY_NAME.test(name);
}

/** The tool that SQL is probably written for, by what stands in it. */
export function toolOfText(text: string): string | undefined {
  return TOOLS_TEXT.find(([mark]) => mark.test(text))?.[1];
}

/** The tool whose migration a file probably is, by its name; undefined of SQL, and of what is none. */
export function toolOfName(name: string): string | undefined {
  const own = TOOLS_FILES.find(([pattern]) => pattern.test(name))?.[1];
  if (own !== undefined) return own;
  if (FLYWAY_NAME.test(name)) return "Flyway or refinery";
  if (!TOOLS_NAME.test(name) || NO_SCRIPT.test(name)) return undefined;
  const end = name.slice(name.lastIndexOf(".") + 1).toLowerCase();
  return SCRIPT_TOOLS.find(([ends]) => ends.includes(end))?.[1];
}
