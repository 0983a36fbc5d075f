/** Another migration tool (alembic, prisma, a script) run as pgrove runs its own: as one operation, and one at a time. */
import { configError, failure, type PgroveError, usageError } from "../errors.ts";
import type { LiveTarget } from "../resolve/target.ts";
import type { OperationTools } from "../sys/operation.ts";
import { redact } from "../sys/redact.ts";
import { runInShell, type ShellPlace, type ShellStream, secretsIn } from "../sys/shell-command.ts";
import { quoteWord } from "../sys/shell-word.ts";
import { ToolError } from "../sys/tool-error.ts";
import { withWork } from "../work/work.ts";
import { findLedgerPlace } from "./ledger/ledger-place.ts";
import { withMigrationLock } from "./ledger/migration-lock.ts";
import type { MigrationSettings } from "./settings.ts";

export type ToolVerb = "up" | "down" | "status" | "history" | "create";

/** One run of the tool. */
export interface ToolRun {
  verb: ToolVerb;
  /** As pgrove.yaml has it. */
  command: string;
  /** What follows it: the name of a new migration, or what was typed behind `--`. */
  words: readonly string[];
  /** The worktree's folder, and the target's variables. */
  place: Pick<ShellPlace, "cwd" | "env">;
  /** Takes each line that the tool prints. */
  tell(line: string, stream: ShellStream): void;
}

/** The tool's command for a verb. Throws (exit 3) when pgrove.yaml has none. */
export function requireToolCommand(settings: Pick<MigrationSettings, "command">, verb: ToolVerb): string {
  const command = settings.command?.[verb];
  if (command !== undefined) return command;
  throw configError(
    `migrations.command in pgrove.yaml has no ${verb}`,
    `add it: migrations.command.${verb}; or run the tool itself`,
  );
}

const TARGET = "{target}";
const USUAL_TARGETS: Readonly<Record<"up" | "down", string>> = { up: "head", down: "-1" };

/**
 * The command with how far it is to go in place of {target}: as it was typed, else to the newest, or one back. Throws
 * (exit 2) where something was typed and the command has no place for it.
 */
export function aimCommand(command: string, verb: "up" | "down", word: string | undefined): string {
  if (command.includes(TARGET)) return command.replaceAll(TARGET, () => quoteWord(word ?? USUAL_TARGETS[verb]));
  if (word === undefined) return command;
  throw usageError(
    `migrations.command.${verb} in pgrove.yaml has no {target}, so ${word} would mean nothing to it`,
    [
      `put {target} there: ${verb}: alembic ${verb === "up" ? "upgrade" : "downgrade"} {target}`,
      `or give the tool its own words behind --: pgrove migrate ${verb} -- ${word}`,
    ].join("\n"),
  );
}

/** Throws (exit 2) where another tool migrates: it has its own way to do what the verb does. */
export function requireOwnMigrations(settings: Pick<MigrationSettings, "command">, verb: string): void {
  if (settings.command !== undefined) throw upToTool(verb);
}

/** The verb is one that pgrove does not hand on. */
export function upToTool(verb: string): PgroveError {
  return usageError(
    `pgrove.yaml has migrations.command, so ${verb} is up to that tool`,
    "pgrove migrate up, down, status, history and create run its commands; for the rest, run the tool itself",
  );
}

const SHOWN_LINES = 8;

/** Runs the tool. Throws (exit 1) with its last words when it fails. */
export async function runTool({ runner, abort }: OperationTools, run: ToolRun): Promise<void> {
  const last: string[] = [];
  const tell: ToolRun["tell"] = (line, stream) => {
    last.push(line);
    if (last.length > SHOWN_LINES) last.shift();
    run.tell(line, stream);
  };
  const command = run.words.length === 0 ? run.command : `${run.command} "$@"`;
  try {
    await runInShell(command, { ...run.place, runner, abort }, tell, run.words);
  } catch (error) {
    if (!(error instanceof ToolError) || error.failure.aborted) throw error;
    throw toolFailed(run, error, last);
  }
}

function toolFailed({ verb, command, place }: ToolRun, error: ToolError, last: readonly string[]): PgroveError {
  const { exitCode, signal } = error.failure;
  const how = signal === undefined ? `exit ${exitCode}` : `ended by ${signal}`;
  const said = last.map((line) => `\n  ${line}`).join("");
  const shown = redact(command, secretsIn(place.env));
  return failure("migration_tool_failed", `migrate ${verb}: ${shown} failed (${how})${said}`, undefined, error);
}

/** Runs the tool on the target as an operation of its own, while no other run migrates that database. */
export async function migrateByTool(
  tools: OperationTools,
  live: LiveTarget,
  run: ToolRun,
  lockTimeoutMs: number,
): Promise<void> {
  const { toolbox, database, target } = live;
  const claims = [{ database, mode: "shared" as const }];
  const subject = { operation: `migrate ${run.verb}`, claims, control: database };
  await withWork(tools, live, subject, async ({ operation, control }) => {
    operation.details.command = `migrations.command.${run.verb}`; // its words may hold a password
    const { schema } = target;
    const where = { layout: "golang-migrate" as const, takesOver: true, schema };
    const { place } = await findLedgerPlace(control, where);
    const connect = () => toolbox.connect(database, operation.run);
    const options = { timeoutMs: lockTimeoutMs, abort: operation.abort, note: tools.note };
    await withMigrationLock(connect, place, options, () => runTool(tools, run));
  });
}
