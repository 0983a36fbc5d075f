/** PostgreSQL refuses to run as root: there, its programs run as an unprivileged user. */
import { realpathSync } from "node:fs";
import { basename } from "node:path";
import { missingError } from "../errors.ts";
import { readTextIfExists } from "../sys/files.ts";
import type { Command } from "../sys/process.ts";
import { quoteForShell } from "../sys/shell-word.ts";

export interface Account {
  name: string;
  uid: number;
  gid: number;
}

const CANDIDATES = ["postgres", "_postgres", "nobody"];

/** Whom the cluster belongs to: undefined means whoever runs pgrove. */
export async function findAccount(isRoot = process.getuid?.() === 0): Promise<Account | undefined> {
  if (!isRoot) return undefined;
  const accounts = readAccounts((await readTextIfExists("/etc/passwd")) ?? "");
  for (const name of CANDIDATES) {
    const account = accounts.find((one) => one.name === name);
    if (account !== undefined) return account;
  }
  throw missingError(
    "user_missing",
    "PostgreSQL does not run as root, and this machine has neither the user postgres nor nobody",
    "run pgrove as another user, or: useradd --system postgres",
  );
}

/** The accounts of a passwd file. */
export function readAccounts(passwd: string): Account[] {
  return passwd.split("\n").flatMap((line) => {
    const [name = "", , uid = "", gid = ""] = line.split(":");
    return /^\d+$/.test(uid) && /^\d+$/.test(gid) ? [{ name, uid: Number(uid), gid: Number(gid) }] : [];
  });
}

/** The command as the account runs it. `has` says which programs that change the user are there. */
export function runAs(
  account: Account | undefined,
  command: Command,
  has: (program: string) => boolean = isInstalled,
): Command {
  if (account === undefined) return command;
  const program = [command.file, ...command.args];
  if (has("setpriv")) {
    const user = [`--reuid=${account.uid}`, `--regid=${account.gid}`, "--clear-groups"];
    return { ...command, file: "setpriv", args: [...user, "--", ...program] };
  }
  if (has("runuser")) return { ...command, file: "runuser", args: ["-u", account.name, "--", ...program] };
  if (has("sudo")) return { ...command, file: "sudo", args: ["-n", "-u", account.name, "--", ...program] };
  const line = `exec ${program.map(quoteForShell).join(" ")}`;
  return { ...command, file: "su", args: ["-s", "/bin/sh", "-c", line, account.name] };
}

function isInstalled(program: string): boolean {
  const path = Bun.which(program);
  // Busybox has programs of these names that know none of the options.
  return path !== null && basename(realpathSync(path)) !== "busybox";
}
