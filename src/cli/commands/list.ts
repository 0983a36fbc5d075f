import { relative } from "node:path";
import type { ListedWorktreeDocument } from "../../answers/worktrees.ts";
import { formatConnectionUrl } from "../../postgres/url.ts";
import type { ListedWorktree } from "../../worktree/list.ts";
import type { Migrations } from "../../worktree/list-migrations.ts";
import { defineCommand } from "../command.ts";
import { formatBytes } from "../format.ts";
import { formatTable } from "../table.ts";
import { answerColumns } from "../terminal.ts";
import { requireWorktreeTools } from "../worktree-tools.ts";

export const command = defineCommand({
  meta: {
    details:
      "Looks, and starts nothing. * marks the worktree that you stand in. A terminal gets as many columns as it has room for; a pipe, and --json, all.",
    examples: [
      { line: "pgrove list", about: "all worktrees at a glance" },
      { line: "pgrove list --changes", about: "and where files have changes that are in no commit" },
      { line: "pgrove list --json | jq '.worktrees[].ports'", about: "for scripts" },
    ],
  },
  args: {
    changes: { type: "boolean", description: "also how many files have changes that are in no commit" },
  },
  async run({ args: { changes }, context }) {
    const tools = await requireWorktreeTools(context);
    const { listEverything } = await import("../../worktree/list.ts");
    const listed = await listEverything(tools, changes);
    const fit = { columns: await answerColumns(), drop: ["PORTS", "SIZE", "BRANCH", "MIGRATIONS", "DATABASE"] };
    await context.output.answer({ worktrees: listed.map(toDocument) }, () => {
      const header = ["", "WORKTREE", "BRANCH", "DATABASE", "SIZE", "MIGRATIONS", "PORTS", "SERVER"];
      const rows = [header, ...listed.map(toRow)];
      const column = ["CHANGES", ...listed.map(({ uncommitted }) => String(uncommitted ?? "-"))];
      const shown = changes ? rows.map((row, at) => [...row, column[at] ?? ""]) : rows;
      return formatTable(shown, { right: [4], fit });
    });
    const elsewhere = listed.filter(({ row, worktree }) => row !== undefined && row.path !== worktree.root);
    for (const { name, worktree } of elsewhere) {
      context.output.detail(`${name} is at ${relative(context.cwd, worktree.root)} now`);
    }
  },
});

function toRow(listed: ListedWorktree): string[] {
  const { name, worktree, isCurrent, row, database, sizeBytes, migrations } = listed;
  const place = row?.schema ? `${database} ${row.schema}` : database;
  const ports = Object.entries(row?.ports ?? {}).map(([port, number]) => `${port}=${number}`);
  return [
    isCurrent ? "*" : "",
    name,
    worktree.branch ?? "(detached)",
    place || "-",
    sizeBytes === undefined ? "-" : formatBytes(sizeBytes),
    migrations === undefined ? "-" : describeMigrations(migrations),
    ports.join(" ") || "-",
    describeState(listed),
  ];
}

function describeMigrations({ version, files, pending, foreign }: Migrations): string {
  if (version === undefined) return `${files} pending`;
  const more = foreign === 0 ? "" : `, ${foreign} not in this branch`;
  return `${version}${pending === 0 ? ", up to date" : ` + ${pending} pending`}${more}`;
}

/** The state in words, with the command that mends it. */
function describeState({ name, worktree, row, server, exists, away, isParked }: ListedWorktree): string {
  if (isParked) return `parked: pgrove provision ${name}`;
  if (away?.movedTo !== undefined) return `moved: git worktree repair ${away.movedTo}`;
  if (away !== undefined) return "away: pgrove prune says why";
  if (worktree.missing) return worktree.locked ? "not there, locked" : "gone: pgrove prune";
  if (!worktree.isMain && row === undefined) return `not provisioned: pgrove provision ${name}`;
  if (row?.state === "creating") return `not finished: pgrove provision ${name}`;
  if (row?.state === "removing") return `half removed: pgrove remove ${name}`;
  if (exists === false) {
    return worktree.isMain ? "the database is missing" : `the database is missing: pgrove provision ${name}`;
  }
  return server ?? "unknown";
}

function toDocument(listed: ListedWorktree): ListedWorktreeDocument {
  const { name, worktree, isCurrent, row, database, server, exists, sizeBytes, migrations, connection } = listed;
  const { away, isParked, uncommitted } = listed;
  return {
    name,
    branch: worktree.branch ?? null,
    commit: worktree.commit ?? null,
    path: worktree.root,
    main: worktree.isMain,
    current: isCurrent,
    locked: worktree.locked,
    missing: worktree.missing,
    uncommitted: uncommitted ?? null,
    away: away === undefined ? null : { reason: away.why, moved_to: away.movedTo ?? null },
    parked: isParked ?? false,
    state: worktree.isMain ? "ready" : (row?.state ?? "not_provisioned"),
    isolation: row?.isolation ?? null,
    index: worktree.isMain ? 0 : (row?.index ?? null),
    database: database ?? null,
    schema: row?.schema ?? null,
    database_exists: exists ?? null,
    size_bytes: sizeBytes ?? null,
    migrations: migrations === undefined ? null : toMigrationDocument(migrations),
    ports: row?.ports ?? {},
    server: server ?? null,
    url_redacted: connection === undefined ? null : formatConnectionUrl(connection, "hide"),
  };
}

function toMigrationDocument({ version, files, pending, foreign }: Migrations) {
  return { version: version ?? null, files, pending, not_in_branch: foreign };
}
