/** The part of pgrove.yaml that says where migrations are, and how they are run. */
import * as v from "valibot";
import { duration, keysOf, text, texts } from "./schema-parts.ts";

export const BACKUPS = ["dump", "snapshot", "none"] as const;
export const LAYOUTS = ["golang-migrate", "dbmate", "goose", "diesel", "sqlx"] as const;
const LINT_LEVELS = ["off", "warning", "error"] as const;

export type Layout = (typeof LAYOUTS)[number];
export type LintLevel = (typeof LINT_LEVELS)[number];

const command = v.pipe(
  v.strictObject({
    up: text("Applies what is pending. {target} stands for how far: a revision, +1, head; left out, head."),
    down: v.optional(text("Takes the last one back. {target} stands for how far: a revision, -2; left out, -1.")),
    status: v.optional(text("Shows what is applied.")),
    history: v.optional(text("Shows what there is, or what was done.")),
    create: v.optional(text("Makes a new one; its name follows as an argument.")),
  }),
  v.description("Another migration tool's commands, run once approved with `pgrove trust`."),
);

const lint = v.pipe(
  v.strictObject({
    enabled: v.optional(
      v.pipe(v.boolean(), v.description("Whether `migrate check` and the pre-push hook lint the migrations.")),
      true,
    ),
    ignore: v.optional(texts("Rules that are not wanted.", "A rule's name."), []),
    levels: v.optional(
      v.pipe(
        v.record(text("A rule's name."), v.picklist(LINT_LEVELS)),
        v.description("What a rule's findings count as: off, warning or error."),
      ),
      {},
    ),
  }),
  v.description("The lint of migrations."),
);

export const migrations = v.pipe(
  v.strictObject({
    dir: v.optional(
      v.pipe(
        v.union([
          text("One folder; with /** at its end those below it, too."),
          v.pipe(v.array(text("A folder.")), v.minLength(1, "must name a folder"), v.description("Several folders.")),
        ]),
        v.description("The folder or folders of the migration files. Default: migrations, unless command is given."),
      ),
    ),
    command: v.optional(command),
    layout: v.optional(
      v.pipe(
        v.picklist(LAYOUTS),
        v.description("How the files are named and divided; left out, found out from the files."),
      ),
    ),
    ignore: v.optional(
      texts(
        "Files below the folders that are no migrations.",
        "A pattern: *.md for names wherever they are, old/** for a path within the folder.",
      ),
      [],
    ),
    table: v.optional(
      text("The table in which other tools remember what is applied: name, or schema.name. Default: the layout's own."),
    ),
    schema_file: v.optional(text("A file that is given the schema after each migration.")),
    backup: v.optional(
      v.pipe(v.picklist(BACKUPS), v.description("What is saved before migrating. SKIP_BACKUP: none.")),
      "dump",
    ),
    lock_timeout: v.optional(
      duration("How long one statement waits for a lock before it is tried again later; 0: for ever."),
      "5s",
    ),
    statement_timeout: v.optional(duration("How long one statement may run; left out or 0: for ever."), "0"),
    lint: v.optional(lint, {}),
  }),
  v.description("The schema's migrations."),
  v.rawCheck(({ dataset, addIssue }) => {
    const given = keysOf(dataset.value);
    if (given.includes("dir") && given.includes("command")) addIssue({ message: "takes dir or command, not both" });
  }),
  // `dirs` are the folders to read; none where another tool is run.
  v.transform(({ dir, ...rest }) => {
    const dirs = rest.command === undefined ? [dir ?? "migrations"].flat() : [];
    return { ...rest, dirs };
  }),
);
