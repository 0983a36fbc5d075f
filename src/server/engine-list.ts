/** What the engine lists of containers, volumes and networks. Docker and podman are asked for it in words of their own. */
import { captureDocker, parseDockerJson } from "../sys/docker.ts";
import { engineOf } from "../sys/engine.ts";
import type { Runner } from "../sys/process.ts";
import { objectAt, stringAt } from "../sys/untyped.ts";

export type ListedKind = "container" | "volume" | "network";

export interface Listed {
  /** Empty for what has none but its name. */
  id: string;
  name: string;
  /** A container's: created, running, paused, restarting, removing, exited, dead; podman has `stopped`, too. */
  state: string;
  /** Those that were asked for. */
  labels: Readonly<Record<string, string>>;
}

const LIST_TIMEOUT_MS = 30_000;

interface ListWords {
  args: readonly string[];
  fields: readonly string[];
  /** Where docker's engine has the list. */
  path: string;
}

const LISTS: Readonly<Record<ListedKind, ListWords>> = {
  container: { args: ["ps", "-a", "--no-trunc"], fields: [".ID", ".Names", ".State"], path: "containers/json?all=1" },
  volume: { args: ["volume", "ls"], fields: ['""', ".Name", '""'], path: "volumes?" },
  network: { args: ["network", "ls", "--no-trunc"], fields: [".ID", ".Name", '""'], path: "networks?" },
};

/** All of a kind that fit the filters (`label=a=b`), stopped containers included. Throws (exit 4) without an engine. */
export async function listOnEngine(
  runner: Runner,
  kind: ListedKind,
  filters: readonly string[],
  labels: readonly string[] = [],
): Promise<Listed[]> {
  const { args, fields, path } = LISTS[kind];
  const answer = await runner.ask?.(`${path}&filters=${filtersForApi(filters)}`);
  const rows = answer?.status === 200 ? readApiRows(kind, answer.body) : undefined;
  if (rows !== undefined) return readApiList(rows, labels);
  const asked = [...args, ...filters.flatMap((filter) => ["--filter", filter])];
  const capture = (format: string) =>
    captureDocker(runner, [...asked, "--format", format], { timeoutMs: LIST_TIMEOUT_MS });
  if (engineOf(runner) === "podman") return readPodmanList(await capture("json"), labels);
  // Each label by itself: the list of all of them is joined by commas, which the values hold too.
  const parts = [...fields, ...labels.map((label) => `.Label "${label}"`)].map((field) => `{{json (${field})}}`);
  return readDockerList(await capture(`[${parts.join(",")}]`), labels);
}

/** `label=a=b` as docker's engine is told: {"label": ["a=b"]}. */
function filtersForApi(filters: readonly string[]): string {
  const byKind: Record<string, string[]> = {};
  for (const filter of filters) {
    const equals = filter.indexOf("=");
    const kind = filter.slice(0, equals);
    byKind[kind] = [...(byKind[kind] ?? []), filter.slice(equals + 1)];
  }
  return encodeURIComponent(JSON.stringify(byKind));
}

/** The list within what docker's engine says itself; undefined where that is none: it is never taken for "there is nothing". */
function readApiRows(kind: ListedKind, body: unknown): unknown[] | undefined {
  const rows = kind === "volume" ? objectAt(body, "Volumes") : body;
  if (Array.isArray(rows)) return rows;
  return kind === "volume" && rows === null ? [] : undefined;
}

/** By name. */
function readApiList(rows: readonly unknown[], labels: readonly string[]): Listed[] {
  const listed = rows.map((row) => {
    const names = objectAt(row, "Names");
    const own = objectAt(row, "Labels");
    // A name with a second slash is what a linked container calls this one.
    const plain = (Array.isArray(names) ? names.map(String) : []).filter((name) => name.lastIndexOf("/") === 0);
    return {
      id: stringAt(row, "Id") ?? "",
      name: stringAt(row, "Name") ?? plain.map((name) => name.slice(1)).join(","),
      state: stringAt(row, "State") ?? "",
      labels: Object.fromEntries(labels.map((label) => [label, stringAt(own, label) ?? ""])),
    };
  });
  return listed.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Lines of JSON: id, name, state, and the labels in their order. */
export function readDockerList(said: string, labels: readonly string[]): Listed[] {
  const lines = said.split("\n").filter((line) => line !== "");
  return lines.map((line) => {
    const row = parseDockerJson(line, "a listing");
    const [id = "", name = "", state = "", ...values] = Array.isArray(row) ? row.map(String) : [];
    return { id, name, state, labels: Object.fromEntries(labels.map((label, at) => [label, values[at] ?? ""])) };
  });
}

/** One JSON list; a network's keys are in small letters. */
export function readPodmanList(said: string, labels: readonly string[]): Listed[] {
  const rows = said.trim() === "" ? [] : parseDockerJson(said, "a listing");
  return (Array.isArray(rows) ? rows : []).map((row: unknown) => {
    const names = objectAt(row, "Names");
    const own = objectAt(row, "Labels") ?? objectAt(row, "labels");
    return {
      id: stringAt(row, "Id") ?? stringAt(row, "id") ?? "",
      name: Array.isArray(names) ? names.join(",") : (stringAt(row, "Name") ?? stringAt(row, "name") ?? ""),
      state: stringAt(row, "State") ?? "",
      labels: Object.fromEntries(labels.map((label) => [label, stringAt(own, label) ?? ""])),
    };
  });
}
