/** Every command: its name, one line about it, and where it is. Nothing of a command is imported before it is needed. */
import { type Chapter, group, lazy } from "./command-tree.ts";

const DUMPS = group("the dumps that were kept: list, show, verify, prune, pin, adopt, remove, push, pull", {
  list: lazy(
    { description: "the dumps of this repository, newest first", alias: "ls" },
    () => import("./commands/dumps.ts"),
    "list",
  ),
  show: lazy("what one dump holds, and where it comes from", () => import("./commands/dumps.ts"), "show"),
  verify: lazy("checks that dumps are whole", () => import("./commands/dumps-verify.ts"), "verify"),
  prune: lazy("removes what dumps.keep does not keep", () => import("./commands/dumps-keep.ts"), "prune"),
  pin: lazy("keeps dumps whatever the rule says", () => import("./commands/dumps-keep.ts"), "pin"),
  unpin: lazy("lets the rule count again", () => import("./commands/dumps-keep.ts"), "unpin"),
  adopt: lazy(
    "takes dumps of others, or of other programs, into the store",
    () => import("./commands/dumps-adopt.ts"),
    "adopt",
  ),
  remove: lazy(
    { description: "removes a dump and its manifest", alias: "rm" },
    () => import("./commands/dumps.ts"),
    "remove",
  ),
  push: lazy("puts dumps to where dumps.remote says", () => import("./commands/dumps-remote.ts"), "push"),
  pull: lazy("brings dumps from there into the store", () => import("./commands/dumps-remote.ts"), "pull"),
});

const SNAPSHOTS = group("the snapshots of a database: list, remove", {
  list: lazy(
    { description: "the snapshots of a database, newest first", alias: "ls" },
    () => import("./commands/snapshots.ts"),
    "list",
  ),
  remove: lazy({ description: "removes a snapshot", alias: "rm" }, () => import("./commands/snapshots.ts"), "remove"),
});

const REPOS = group("short names for repositories, for -C: add, list, remove", {
  add: lazy("gives a repository a short name", () => import("./commands/repos.ts"), "add"),
  list: lazy(
    { description: "the short names and their folders", alias: "ls" },
    () => import("./commands/repos.ts"),
    "list",
  ),
  remove: lazy(
    { description: "forgets a short name; the repository stays", alias: "rm" },
    () => import("./commands/repos.ts"),
    "remove",
  ),
});

const HOOKS = group("git hooks that provision new worktrees: install, uninstall, status", {
  install: lazy("puts pgrove's lines into the git hooks", () => import("./commands/hooks.ts"), "install"),
  uninstall: lazy("takes them out again", () => import("./commands/hooks.ts"), "uninstall"),
  status: lazy("whether they are there, and git runs them", () => import("./commands/hooks.ts"), "status"),
});

const TOKENS = group("tokens for the API: create, list, revoke", {
  create: lazy("makes a token, and shows it once", () => import("./commands/serve-token.ts"), "create"),
  list: lazy(
    { description: "the tokens of this repository", alias: "ls" },
    () => import("./commands/serve-token.ts"),
    "list",
  ),
  revoke: lazy("takes a token back", () => import("./commands/serve-token.ts"), "revoke"),
});

const SERVE = group(
  "the HTTP API, metrics and one page",
  { token: TOKENS },
  lazy("the HTTP API, metrics and one page", () => import("./commands/serve.ts")),
);

const MIGRATE = group("schema migrations: up, down, goto, status, check and more", {
  up: lazy("applies what is pending", () => import("./commands/migrate-run.ts"), "up"),
  down: lazy("takes the last ones back", () => import("./commands/migrate-run.ts"), "down"),
  goto: lazy("up or down to one version", () => import("./commands/migrate-run.ts"), "goto"),
  status: lazy(
    "what is applied, pending, in doubt, or not in this branch",
    () => import("./commands/migrate-status.ts"),
    "status",
  ),
  history: lazy("who applied what, when", () => import("./commands/migrate-status.ts"), "history"),
  create: lazy("makes the files of a new migration", () => import("./commands/migrate-files.ts"), "create"),
  force: lazy("sets the version without running anything", () => import("./commands/migrate-ledger.ts"), "force"),
  baseline: lazy(
    "takes an existing database as being at a version",
    () => import("./commands/migrate-ledger.ts"),
    "baseline",
  ),
  lint: lazy("what is risky in migration files", () => import("./commands/migrate-lint.ts"), "lint"),
  check: lazy("whether the migrations are fit to be merged", () => import("./commands/migrate-check.ts"), "check"),
  renumber: lazy(
    "moves this branch's own migrations behind the base branch's",
    () => import("./commands/migrate-files.ts"),
    "renumber",
  ),
});

/** What the overview shows. */
export const CHAPTERS: readonly Chapter[] = [
  {
    title: "Begin",
    commands: {
      init: lazy("writes pgrove.yaml from what it finds", () => import("./commands/init.ts")),
      doctor: lazy("what is missing or left over, with its fix", () => import("./commands/doctor.ts")),
    },
  },
  {
    title: "Worktrees",
    commands: {
      new: lazy("a worktree with a database of its own", () => import("./commands/new.ts")),
      list: lazy({ description: "the worktrees and their databases", alias: "ls" }, () => import("./commands/list.ts")),
      provision: lazy("gives a worktree what it lacks", () => import("./commands/provision.ts")),
      reset: lazy("a worktree's data as at its beginning", () => import("./commands/reset.ts")),
      remove: lazy(
        { description: "a worktree with all that it has", alias: "rm" },
        () => import("./commands/remove.ts"),
      ),
      prune: lazy("what worktrees that are gone have left", () => import("./commands/prune.ts")),
      hooks: HOOKS,
      trust: lazy("approves the commands of pgrove.yaml", () => import("./commands/trust.ts")),
    },
  },
  {
    title: "Server",
    commands: {
      up: lazy("starts the server", () => import("./commands/up.ts")),
      down: lazy("stops the server; the data stays", () => import("./commands/down.ts")),
      restart: lazy("stops and starts the server", () => import("./commands/restart.ts")),
      logs: lazy("what the server says", () => import("./commands/logs.ts")),
      status: lazy("server, database, connections, last dump", () => import("./commands/status.ts")),
    },
  },
  {
    title: "Database",
    commands: {
      url: lazy("the connection URL, password included", () => import("./commands/url.ts")),
      env: lazy("the variables for an env file", () => import("./commands/env.ts")),
      shell: lazy("interactive psql", () => import("./commands/shell.ts")),
      sql: lazy("runs SQL, stops at the first error", () => import("./commands/sql.ts")),
    },
  },
  {
    title: "Dumps and copies",
    commands: {
      dump: lazy("writes a dump into the store", () => import("./commands/dump.ts")),
      restore: lazy("puts a dump into a database", () => import("./commands/restore.ts")),
      copy: lazy("copies a database to another", () => import("./commands/copy.ts")),
      dumps: DUMPS,
      snapshot: lazy("saves a database inside its server", () => import("./commands/snapshot.ts")),
      rewind: lazy("puts a database back to a snapshot", () => import("./commands/rewind.ts")),
      snapshots: SNAPSHOTS,
    },
  },
  {
    title: "Migrations and seeds",
    commands: {
      migrate: MIGRATE,
      seed: lazy("runs seed files, makes rows", () => import("./commands/seed.ts")),
      stats: lazy("rows, sizes and health of the tables", () => import("./commands/stats.ts")),
    },
  },
  {
    title: "Housekeeping",
    commands: {
      serve: SERVE,
      check: lazy("the alert rules, for cron and CI", () => import("./commands/check.ts")),
      metrics: lazy("figures for a monitoring system", () => import("./commands/metrics.ts")),
      history: lazy("who did what to which database", () => import("./commands/history.ts")),
      repos: REPOS,
      completions: lazy("shell completion", () => import("./commands/completions.ts")),
    },
  },
];

export const root = group(
  { name: "pgrove", description: "looks after the PostgreSQL database of a git repository: dumps, restores, copies" },
  {
    ...Object.fromEntries(CHAPTERS.flatMap(({ commands }) => Object.entries(commands))),
    __complete: lazy({ description: "completes a line", hidden: true }, () => import("./commands/complete.ts")),
    __hook: lazy({ description: "what the git hooks call", hidden: true }, () => import("./commands/hook.ts")),
  },
);
