/** The password of pgrove.yaml: written there, printed by a command, or held by a file. */
import { resolve } from "node:path";
import type { LoadedConfig } from "../config/load-config.ts";
import { loadTextFile } from "../config/text-file.ts";
import { configError, failure } from "../errors.ts";
import { libpqHome } from "../postgres/libpq-defaults.ts";
import { listPasswordFile, passwordFrom } from "../repo/trust-items.ts";
import { expandHome } from "../sys/files.ts";
import { ToolError } from "../sys/tool-error.ts";
import type { TargetPlace } from "./target-place.ts";

const COMMAND_MS = 60_000;

/** What was found, by the configuration that says where: a command is run once in a run of pgrove. */
const found = new WeakMap<LoadedConfig, Promise<string>>();

/** The password; undefined where pgrove.yaml has none. Commands, and files outside the repository, want approval (exit 5). */
export async function findOwnPassword(loaded: LoadedConfig, place: TargetPlace): Promise<string | undefined> {
  const { password } = loaded.config.database;
  if (typeof password !== "object") return password;
  const asked = found.get(loaded) ?? lookUp(loaded, place);
  found.set(loaded, asked);
  return await asked;
}

async function lookUp(loaded: LoadedConfig, place: TargetPlace): Promise<string> {
  const { database } = loaded.config;
  const command = passwordFrom(database, "command");
  if (command !== undefined) {
    await place.requireApproved({ key: "database.password.command", text: command });
    return firstLine(await runCommand(command, loaded, place), "what database.password.command prints");
  }
  for (const item of await listPasswordFile(loaded, libpqHome())) await place.requireApproved(item);
  const path = resolve(loaded.dir, expandHome(passwordFrom(database, "file") ?? "", libpqHome()));
  return firstLine(await loadTextFile(path, "the file of database.password"), path);
}

async function runCommand(command: string, { dir }: LoadedConfig, place: TargetPlace): Promise<string> {
  const { runner } = await place.serverTools();
  try {
    const program = { file: "sh", args: ["-c", command], env: {}, secrets: [], cwd: dir };
    return (await runner.capture(program, { timeoutMs: COMMAND_MS })).stdout;
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    const what = error.failure.aborted ? `did not end within ${COMMAND_MS / 1000} s` : `failed: ${error.message}`;
    const hint = `run it by itself in ${dir}; nobody can answer it here`;
    throw failure("password_command_failed", `database.password.command ${what}`, hint, error);
  }
}

/** Nothing else may stand there: half a file would be no password. */
function firstLine(text: string, where: string): string {
  const password = text.replace(/\r?\n$/, "");
  if (password !== "" && !/[\r\n\0]/.test(password)) return password;
  throw configError(
    `${where} is no password: it has ${password === "" ? "nothing" : "several lines"}`,
    "one line, and nothing else",
  );
}
