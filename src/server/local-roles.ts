/**
 * The two roles of a private cluster: its administrator, a superuser as whom only pgrove logs in, and the owner of all that
 * comes from files, who may do what it likes to databases and nothing to the machine.
 */
import { join } from "node:path";
import { configError } from "../errors.ts";
import { quoteIdentifier, quoteLiteral } from "../postgres/identifier.ts";
import type { Command, Runner } from "../sys/process.ts";
import type { HostPrograms } from "./host-programs.ts";
import { type Account, runAs } from "./local-account.ts";

export interface LocalRole {
  name: string;
  password: string;
}

/** Before, a database's owner does not own its schema public, and no dump would go in without a superuser. */
export const FIRST_WITH_ADMINISTRATOR = 15;

const ADMINISTRATOR = "pgrove_administrator";

/** The administrator's name, which is not the owner's. */
export function administratorBeside(owner: string): string {
  return owner === ADMINISTRATOR ? `${ADMINISTRATOR}_2` : ADMINISTRATOR;
}

/** Where the cluster is, and who runs it. */
export interface StandingCluster {
  programs: HostPrograms;
  account: Account | undefined;
  data: string;
  abort: AbortSignal;
}

/**
 * Makes the owner in a cluster that does not run, by a server that listens to nobody. As with a superuser, row security keeps
 * no row from it, it may switch triggers off, and it sees all settings and statistics: nothing of that reaches beyond the cluster.
 */
export async function makeOwner(
  runner: Runner,
  { programs, account, data, abort }: StandingCluster,
  { name, password }: LocalRole,
): Promise<void> {
  const role = quoteIdentifier(name);
  const secret = quoteLiteral(password);
  const statements = [
    `create role ${role} login nosuperuser nocreaterole noreplication createdb bypassrls password ${secret}`,
    `grant pg_read_all_settings, pg_read_all_stats to ${role}`,
    `grant set on parameter session_replication_role to ${role}`,
    `alter database postgres owner to ${role}`,
  ];
  // There a line is a statement.
  if (statements.some((each) => /[\n\r]/.test(each))) throw configError("database.password has more than one line");
  const settings = ["exit_on_error=on", "search_path=pg_catalog", "log_checkpoints=off"].flatMap((each) => [
    "-c",
    each,
  ]);
  const command: Command = {
    file: join(programs.folder, "postgres"),
    args: ["--single", ...settings, "-D", data, "template1"],
    env: { LC_ALL: "C" },
    ...{ secrets: [password, secret], cwd: data },
  };
  await runner.capture(runAs(account, command), { input: `${statements.join("\n")}\n`, abort });
}
