/** The commands that have subcommands. Nothing of a command is imported before it runs. */
import type { CommandDefinition } from "./command.ts";

export interface Named {
  name: string;
  aliases?: readonly string[];
  summary: string;
}

export interface CommandEntry extends Named {
  load: () => Promise<{ command: CommandDefinition }>;
}

export interface CommandGroup extends Named {
  commands: readonly CommandEntry[];
}

export const DUMPS: CommandGroup = {
  name: "dumps",
  summary: "the dumps that were kept: list, show, verify, remove",
  commands: [
    {
      name: "list",
      aliases: ["ls"],
      summary: "the dumps of this repository, newest first",
      load: async () => ({ command: (await import("./commands/dumps.ts")).list }),
    },
    {
      name: "show",
      summary: "what one dump holds, and where it comes from",
      load: async () => ({ command: (await import("./commands/dumps.ts")).show }),
    },
    {
      name: "verify",
      summary: "checks that dumps are whole",
      load: async () => ({ command: (await import("./commands/dumps.ts")).verify }),
    },
    {
      name: "remove",
      aliases: ["rm"],
      summary: "removes a dump and its manifest",
      load: async () => ({ command: (await import("./commands/dumps.ts")).remove }),
    },
  ],
};

export const SNAPSHOTS: CommandGroup = {
  name: "snapshots",
  summary: "the snapshots of a database: list, remove",
  commands: [
    {
      name: "list",
      aliases: ["ls"],
      summary: "the snapshots of a database, newest first",
      load: async () => ({ command: (await import("./commands/snapshots.ts")).list }),
    },
    {
      name: "remove",
      aliases: ["rm"],
      summary: "removes a snapshot",
      load: async () => ({ command: (await import("./commands/snapshots.ts")).remove }),
    },
  ],
};

export const REPOS: CommandGroup = {
  name: "repos",
  summary: "short names for repositories, for -C: add, list, remove",
  commands: [
    {
      name: "add",
      summary: "gives a repository a short name",
      load: async () => ({ command: (await import("./commands/repos.ts")).add }),
    },
    {
      name: "list",
      aliases: ["ls"],
      summary: "the short names and their folders",
      load: async () => ({ command: (await import("./commands/repos.ts")).list }),
    },
    {
      name: "remove",
      aliases: ["rm"],
      summary: "forgets a short name; the repository stays",
      load: async () => ({ command: (await import("./commands/repos.ts")).remove }),
    },
  ],
};

export const HOOKS: CommandGroup = {
  name: "hooks",
  summary: "git hooks that provision new worktrees: install, uninstall, status",
  commands: [
    {
      name: "install",
      summary: "puts pgrove's lines into the git hooks",
      load: async () => ({ command: (await import("./commands/hooks.ts")).install }),
    },
    {
      name: "uninstall",
      summary: "takes them out again",
      load: async () => ({ command: (await import("./commands/hooks.ts")).uninstall }),
    },
    {
      name: "status",
      summary: "whether they are there, and git runs them",
      load: async () => ({ command: (await import("./commands/hooks.ts")).status }),
    },
  ],
};

export const MIGRATE: CommandGroup = {
  name: "migrate",
  summary: "schema migrations: up, down, goto, status, check and more",
  commands: [
    {
      name: "up",
      summary: "applies what is pending",
      load: async () => ({ command: (await import("./commands/migrate-run.ts")).up }),
    },
    {
      name: "down",
      summary: "takes the last ones back",
      load: async () => ({ command: (await import("./commands/migrate-run.ts")).down }),
    },
    {
      name: "goto",
      summary: "up or down to one version",
      load: async () => ({ command: (await import("./commands/migrate-run.ts")).goto }),
    },
    {
      name: "status",
      summary: "what is applied, pending, in doubt, or not in this branch",
      load: async () => ({ command: (await import("./commands/migrate-status.ts")).status }),
    },
    {
      name: "history",
      summary: "who applied what, when",
      load: async () => ({ command: (await import("./commands/migrate-status.ts")).history }),
    },
    {
      name: "create",
      summary: "makes the files of a new migration",
      load: async () => ({ command: (await import("./commands/migrate-files.ts")).create }),
    },
    {
      name: "force",
      summary: "sets the version without running anything",
      load: async () => ({ command: (await import("./commands/migrate-ledger.ts")).force }),
    },
    {
      name: "baseline",
      summary: "takes an existing database as being at a version",
      load: async () => ({ command: (await import("./commands/migrate-ledger.ts")).baseline }),
    },
    {
      name: "lint",
      summary: "what is risky in migration files",
      load: async () => ({ command: (await import("./commands/migrate-lint.ts")).lint }),
    },
    {
      name: "check",
      summary: "whether the migrations are fit to be merged",
      load: async () => ({ command: (await import("./commands/migrate-check.ts")).check }),
    },
    {
      name: "renumber",
      summary: "moves this branch's own migrations behind the base branch's",
      load: async () => ({ command: (await import("./commands/migrate-files.ts")).renumber }),
    },
  ],
};
