/** What a new worktree's database is to start with. */
import { resolve } from "node:path";
import type { RoleMap } from "../archive/role-names.ts";
import type { LoadedConfig } from "../config/load-config.ts";
import { usageError } from "../errors.ts";
import type { InitialData } from "../repo/registry.ts";
import { expandHome } from "../sys/files.ts";

/** What `worktrees.data` of pgrove.yaml means; a path in it is relative to the file. */
export function readConfiguredData({ config, dir }: LoadedConfig, home: string): InitialData {
  const { data } = config.worktrees;
  if (data === "copy") return { kind: "copy", source: "main" };
  if (data === "empty") return { kind: "empty" };
  const isPath = data.includes("/") || data.startsWith("~");
  return { kind: "dump", dump: isPath ? resolve(dir, expandHome(data, home)) : data, configured: true };
}

/**
 * What a command is to start with: what the command line says, else the usual, which is its user's choice then. Throws (exit 2)
 * for several at once, and for roles that take the places of those of no dump.
 */
export function chooseData(
  given: { copy: string | undefined; restore: string | undefined; empty: boolean; roleMap?: RoleMap | undefined },
  usual: InitialData,
): InitialData {
  const data = chooseKind(given, usual);
  const { roleMap } = given;
  if (roleMap === undefined) return data;
  if (data.kind === "dump") return { ...data, roleMap: [...roleMap] };
  throw usageError("--role-map says who takes the places of a dump's roles: it wants --restore DUMP beside it");
}

function chooseKind(given: Omit<Parameters<typeof chooseData>[0], "roleMap">, usual: InitialData): InitialData {
  const choices: InitialData[] = [
    ...(given.copy === undefined ? [] : [{ kind: "copy" as const, source: given.copy }]),
    ...(given.restore === undefined ? [] : [{ kind: "dump" as const, dump: given.restore }]),
    ...(given.empty ? [{ kind: "empty" as const }] : []),
  ];
  if (choices.length > 1) throw usageError("--copy, --restore and --empty exclude each other", "choose one of them");
  if (choices[0] !== undefined) return choices[0];
  return usual.kind === "dump" ? { kind: "dump", dump: usual.dump } : usual;
}
