/** The one definition of pgrove.yaml: its keys, their types, descriptions and defaults. The JSON Schema comes from here. */
import * as v from "valibot";
import { ENGINES } from "../sys/command.ts";
import { afterSuccess } from "./schema-after-success.ts";
import { checks, notify } from "./schema-checks.ts";
import { encrypt, globals, identityFile, prove } from "./schema-dumps.ts";
import { env } from "./schema-env.ts";
import { dumpsKeepRule, keepRule } from "./schema-keep.ts";
import { BACKUPS, migrations } from "./schema-migrations.ts";
import { count, duration, keysOf, text, texts } from "./schema-parts.ts";
import { remote } from "./schema-remote.ts";
import { server } from "./schema-server.ts";

export { SERVER_KINDS, type Server, type ServerKind } from "./schema-server.ts";

const ISOLATIONS = ["container", "database", "schema"] as const;

const password = v.pipe(
  v.union([
    v.string(),
    v.pipe(
      v.strictObject({
        command: v.optional(text("A shell command that prints it; run once approved with `pgrove trust`.")),
        file: v.optional(text("A file that holds it; one outside the repository is read once approved.")),
      }),
      v.rawCheck(({ dataset, addIssue }) => {
        if (keysOf(dataset.value).length !== 1) addIssue({ message: "needs one of command, file" });
      }),
    ),
  ]),
  v.description("Its password; best taken from a variable, a command or a file. Left out, the container's own."),
);

const database = v.pipe(
  v.strictObject({
    name: v.optional(text("The main database; left out, the container's POSTGRES_DB, or the URL's.")),
    user: v.optional(text("The role that pgrove logs in as; left out, the container's POSTGRES_USER, or the URL's.")),
    password: v.optional(password),
    schema: v.optional(text("The schema of the main worktree, where isolation is schema."), "public"),
    max_connections: v.optional(count("How many connections pgrove opens at most at a time. DB_MAX_CONNS.", 1)),
  }),
  v.description("The main database and the role that pgrove uses."),
);

const ports = v.pipe(
  v.record(
    v.pipe(v.string(), v.regex(/^[A-Za-z][A-Za-z0-9_-]*$/, "is not a port's name (letters, digits, _ and -)")),
    v.pipe(
      v.number(),
      v.integer("must be a port number"),
      v.minValue(1, "must be a port number (1 to 65535)"),
      v.maxValue(65_535, "must be a port number (1 to 65535)"),
      v.description("The main worktree's port; the others get free ones above it."),
    ),
  ),
  v.description("Further ports to allocate per worktree, beside the database's."),
);

const portBound = (description: string) =>
  v.pipe(
    v.number(),
    v.integer("must be a port number"),
    v.minValue(1024, "must be a port number of 1024 to 65535"),
    v.maxValue(65_535, "must be a port number of 1024 to 65535"),
    v.description(description),
  );

const portRange = v.pipe(
  v.strictObject({ from: portBound("The first port."), to: portBound("The last port.") }),
  v.description("Where the worktrees' ports are taken from; left out, the 999 ports above each main one."),
  v.rawCheck(({ dataset, addIssue }) => {
    if (dataset.typed && dataset.value.from > dataset.value.to) addIssue({ message: "must not begin after its end" });
  }),
);

/** Of a bare repository the worktrees lie side by side instead. */
export const DEFAULT_WORKTREES_DIR = "../{repo}-worktrees/{name}";

const worktrees = v.pipe(
  v.strictObject({
    dir: v.optional(text("Where worktrees are made; {repo}, {project}, {name} are put in."), DEFAULT_WORKTREES_DIR),
    data: v.optional(text("What a new worktree's database starts with: copy, empty, or a dump's name."), "copy"),
    port_range: v.optional(portRange),
    share: v.optional(texts("Ignored paths to bring along into a new worktree.", "A path inside the repository."), []),
    share_mode: v.optional(
      v.pipe(
        v.picklist(["auto", "hardlink", "copy"]),
        v.description(
          "How: copy-on-write where the file system can, else a copy (auto) or hard links; or always a copy.",
        ),
      ),
      "auto",
    ),
    setup: v.optional(
      texts("Commands run in a new worktree, once approved with `pgrove trust`.", "A shell command."),
      [],
    ),
    teardown: v.optional(texts("Commands run before a worktree is removed.", "A shell command."), []),
  }),
  v.description("How worktrees are made."),
);

const seeds = v.pipe(
  v.strictObject({
    dir: v.optional(text("The folder of seed files and factories."), "seeds"),
    files: v.optional(
      texts(
        "SQL files to run, in this order, in place of base.sql and the environment's or worktree's own.",
        "A path or glob inside the seeds' folder.",
      ),
    ),
    count: v.optional(count("How many rows a factory makes when no number is given. DEFAULT_SEED_COUNT."), 10),
    max_count: v.optional(
      count("The most rows that may be asked for of one entity; left out, no limit. MAX_SEED_COUNT.", 1),
    ),
  }),
  v.description("Seed files and factories."),
);

const dumps = v.pipe(
  v.strictObject({
    dir: v.optional(
      text("The dump store; ~ and {project} are put in. BACKUP_DIR. Default: $XDG_DATA_HOME/pgrove/dumps/{project}."),
    ),
    prove: v.optional(prove, false),
    key_file: v.optional(
      text("A key that several people share, outside of the repository: dumps signed with it count as one's own."),
    ),
    globals: v.optional(globals, false),
    encrypt: v.optional(encrypt),
    identity_file: v.optional(identityFile),
    remote: v.optional(remote),
    keep: v.optional(
      dumpsKeepRule(
        "What `dumps prune` keeps of each database, as restic's forget does; left out, last 3, daily 7, weekly 4, monthly 12.",
      ),
    ),
    after_success: v.optional(afterSuccess),
  }),
  v.description("Where dumps are kept, and for how long."),
);

const prune = v.pipe(
  v.strictObject({
    after: v.optional(
      duration("How long a worktree is gone before what it has left is parked.", "12h, 7d or 2w"),
      "7d",
    ),
    keep: v.optional(duration("How long what is parked stays before it is dropped.", "12h, 7d or 2w"), "7d"),
  }),
  v.description("When `pgrove prune` takes away what deleted worktrees have left."),
);

const environments = v.pipe(
  v.record(
    v.pipe(v.string(), v.regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, "is not a name (letters, digits, . _ -)")),
    v.pipe(
      v.strictObject({
        env_file: text("The env file that holds its connection."),
        protected: v.optional(
          v.pipe(v.boolean(), v.description("Whether changing it asks for its name to be typed.")),
          false,
        ),
        backup: v.optional(
          v.pipe(
            v.picklist(BACKUPS),
            v.description("What is saved before it is migrated; default: migrations.backup."),
          ),
        ),
      }),
      v.description("An environment, reached as @name."),
    ),
  ),
  v.description("Databases elsewhere, such as staging and production."),
);

const hooks = v.pipe(
  v.strictObject({
    start: v.optional(
      v.pipe(
        v.boolean(),
        v.description("May `git worktree add` start containers, in isolation container; default: true."),
      ),
      true,
    ),
  }),
  v.description("What the git hooks may do."),
);

export const configSchema = v.pipe(
  v.strictObject({
    project: v.pipe(
      v.string(),
      v.regex(
        /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
        "must be 1 to 63 letters, digits, dots, _ or -, beginning with a letter or digit",
      ),
      v.description("The repository's short name: its alias for -C, and the dump store's folder."),
    ),
    isolation: v.optional(
      v.pipe(
        v.picklist(ISOLATIONS),
        v.description("What each worktree gets of its own: a container, a database, or a schema."),
      ),
      "database",
    ),
    server,
    engine: v.optional(
      v.pipe(
        v.picklist(ENGINES),
        v.description("The container engine: docker or podman; left out, the one that is installed, docker first."),
      ),
    ),
    database: v.optional(database, {}),
    env: v.optional(env, {}),
    ports: v.optional(ports, {}),
    worktrees: v.optional(worktrees, {}),
    services: v.optional(
      texts("Compose services stopped around a restore or rewind, and started again after it.", "A service's name."),
      [],
    ),
    migrations: v.optional(migrations, {}),
    seeds: v.optional(seeds, {}),
    snapshots: v.optional(
      v.pipe(
        v.strictObject({
          keep: v.optional(
            v.pipe(
              v.union([
                count("So many of the newest ones.", 1),
                keepRule("Or what is kept, by a rule as `dumps.keep` has them."),
              ]),
              v.description("Which snapshots of each database are kept."),
            ),
            5,
          ),
        }),
        v.description("Saved states inside the server."),
      ),
      {},
    ),
    prune: v.optional(prune, {}),
    dumps: v.optional(dumps, {}),
    environments: v.optional(environments, {}),
    hooks: v.optional(hooks, {}),
    checks: v.optional(checks, {}),
    notify: v.optional(notify, []),
    client_image: v.optional(
      text(
        "The image that PostgreSQL's programs run in when the host has none; {major} is the server's major version.",
      ),
      "postgres:{major}",
    ),
  }),
  v.title("pgrove.yaml"),
  v.description("The configuration of pgrove in one repository."),
);

export type Config = v.InferOutput<typeof configSchema>;
