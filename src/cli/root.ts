/** Every command: its name, one line about it, and how it is loaded. Nothing of a command is imported before it runs. */
import { didYouMean } from "../config/suggest.ts";
import { usageError } from "../errors.ts";
import { type CommandEntry, type CommandGroup, DUMPS, HOOKS, MIGRATE, type Named, REPOS, SNAPSHOTS } from "./groups.ts";

export type { CommandEntry, CommandGroup } from "./groups.ts";

export interface Chapter {
  title: string;
  entries: readonly (CommandEntry | CommandGroup)[];
}

export const CHAPTERS: readonly Chapter[] = [
  {
    title: "Begin",
    entries: [
      { name: "init", summary: "writes pgrove.yaml from what it finds", load: () => import("./commands/init.ts") },
      {
        name: "doctor",
        summary: "what is missing or left over, with its fix",
        load: () => import("./commands/doctor.ts"),
      },
    ],
  },
  {
    title: "Worktrees",
    entries: [
      { name: "new", summary: "a worktree with a database of its own", load: () => import("./commands/new.ts") },
      {
        name: "list",
        aliases: ["ls"],
        summary: "the worktrees and their databases",
        load: () => import("./commands/list.ts"),
      },
      {
        name: "provision",
        summary: "gives a worktree what it lacks",
        load: () => import("./commands/provision.ts"),
      },
      { name: "reset", summary: "a worktree's data as at its beginning", load: () => import("./commands/reset.ts") },
      {
        name: "remove",
        aliases: ["rm"],
        summary: "a worktree with all that it has",
        load: () => import("./commands/remove.ts"),
      },
      { name: "prune", summary: "what worktrees that are gone have left", load: () => import("./commands/prune.ts") },
      HOOKS,
      { name: "trust", summary: "approves the commands of pgrove.yaml", load: () => import("./commands/trust.ts") },
    ],
  },
  {
    title: "Server",
    entries: [
      { name: "up", summary: "starts the server", load: () => import("./commands/up.ts") },
      { name: "down", summary: "stops the server; the data stays", load: () => import("./commands/down.ts") },
      { name: "restart", summary: "stops and starts the server", load: () => import("./commands/restart.ts") },
      { name: "logs", summary: "what the server says", load: () => import("./commands/logs.ts") },
      {
        name: "status",
        summary: "server, database, connections, last dump",
        load: () => import("./commands/status.ts"),
      },
    ],
  },
  {
    title: "Database",
    entries: [
      { name: "url", summary: "the connection URL, password included", load: () => import("./commands/url.ts") },
      { name: "env", summary: "the variables for an env file", load: () => import("./commands/env.ts") },
      { name: "shell", summary: "interactive psql", load: () => import("./commands/shell.ts") },
      { name: "sql", summary: "runs SQL, stops at the first error", load: () => import("./commands/sql.ts") },
    ],
  },
  {
    title: "Dumps and copies",
    entries: [
      { name: "dump", summary: "writes a dump into the store", load: () => import("./commands/dump.ts") },
      { name: "restore", summary: "puts a dump into a database", load: () => import("./commands/restore.ts") },
      { name: "copy", summary: "copies a database to another", load: () => import("./commands/copy.ts") },
      DUMPS,
      { name: "snapshot", summary: "saves a database inside its server", load: () => import("./commands/snapshot.ts") },
      { name: "rewind", summary: "puts a database back to a snapshot", load: () => import("./commands/rewind.ts") },
      SNAPSHOTS,
    ],
  },
  {
    title: "Migrations and seeds",
    entries: [
      MIGRATE,
      { name: "seed", summary: "runs seed files, makes rows", load: () => import("./commands/seed.ts") },
      { name: "stats", summary: "rows, sizes and health of the tables", load: () => import("./commands/stats.ts") },
    ],
  },
  {
    title: "Housekeeping",
    entries: [
      { name: "history", summary: "who did what to which database", load: () => import("./commands/history.ts") },
      REPOS,
      { name: "completions", summary: "shell completion", load: () => import("./commands/completions.ts") },
    ],
  },
];

/** What completion scripts and git hooks call; it is listed nowhere. */
const HIDDEN: readonly CommandEntry[] = [
  { name: "__complete", summary: "completes a line", load: () => import("./commands/complete.ts") },
  { name: "__hook", summary: "what the git hooks call", load: () => import("./commands/hook.ts") },
];

/** Every command that people see. */
export function listCommands(): readonly (CommandEntry | CommandGroup)[] {
  return CHAPTERS.flatMap(({ entries }) => entries);
}

/** The command or group of that name. Throws (exit 2) when there is none, with the nearest one. */
export function requireCommand(word: string): CommandEntry | CommandGroup {
  const found = findNamed([...listCommands(), ...HIDDEN], word);
  if (found !== undefined) return found;
  throw unknown(word, listCommands(), "pgrove", "pgrove --help");
}

/** The subcommand of that name. Throws (exit 2) when there is none. */
export function requireSubcommand(group: CommandGroup, word: string): CommandEntry {
  const found = findNamed(group.commands, word);
  if (found !== undefined) return found;
  throw unknown(word, group.commands, `pgrove ${group.name}`, `pgrove ${group.name} --help`);
}

function findNamed<T extends Named>(all: readonly T[], word: string): T | undefined {
  return all.find(({ name, aliases }) => name === word || aliases?.includes(word));
}

function unknown(word: string, all: readonly Named[], prefix: string, help: string) {
  const names = all.flatMap(({ name, aliases }) => [name, ...(aliases ?? [])]);
  const nearest = didYouMean(word, names);
  return usageError(
    `there is no command ${prefix} ${word}`,
    nearest === undefined ? `${help}      lists the commands` : `did you mean ${prefix} ${nearest}?`,
  );
}
