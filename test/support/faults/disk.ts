/** Small and read-only disks, in a mount namespace of their own: they are gone with the program that used them. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { runOk } from "../engine/run.ts";
import type { Repo, Started } from "./program.ts";

export interface Disk {
  /** In KiB. Left out, it is no new one: what lies in the store is on it. */
  size?: number;
  /** Remounted read-only before the program starts. */
  readOnly?: boolean;
}

/** What lay on the disk when the program had ended, hidden files too, and how many KiB were free at the least. */
export interface DiskReport {
  files: string[];
  least: number;
}

// The watcher sees the disk every few ms, so that the test can prove that it was full.
const SCRIPT = `
folder=$1 size=$2 mode=$3 report=$4; shift 4
if [ -n "$size" ]; then mount -t tmpfs -o "size=\${size}k,mode=700" none "$folder"; else mount --bind "$folder" "$folder"; fi || exit 99
if [ "$mode" = ro ]; then mount -o remount,bind,ro "$folder" || exit 99; fi
least=$(stat -f -c '%f' "$folder"); echo "$least" > "$report.least"
( while [ -e "$report.watch" ]; do
    free=$(stat -f -c '%f' "$folder"); [ "$free" -lt "$least" ] && least=$free && echo "$least" > "$report.least"
    sleep 0.01
  done ) &
watcher=$!
"$@"; code=$?
rm -f "$report.watch"; wait "$watcher"
ls -A "$folder" > "$report"
exit "$code"`;

let namespace: Promise<string[]> | undefined;

/** As root a mount namespace, else one within a user namespace. Throws where neither can be had. */
function findNamespace(): Promise<string[]> {
  namespace ??= (async () => {
    const kind = process.getuid?.() === 0 ? ["--mount"] : ["--user", "--map-root-user", "--mount"];
    await runOk("unshare", [...kind, "true"]);
    return ["unshare", ...kind];
  })();
  return namespace;
}

/** Starts pgrove with its store on a disk of its own. */
export async function startOnDisk(
  repo: Repo,
  disk: Disk,
  args: readonly string[],
): Promise<{ program: Started; report(): DiskReport }> {
  mkdirSync(repo.store, { recursive: true });
  const report = repo.path("disk-report");
  writeFileSync(`${report}.watch`, "");
  const script = [
    "sh",
    "-c",
    SCRIPT,
    "on-disk",
    repo.store,
    String(disk.size ?? ""),
    disk.readOnly ? "ro" : "rw",
    report,
  ];
  const program = repo.start(args, { wrap: [...(await findNamespace()), ...script] });
  const lines = (path: string) => readFileSync(path, "utf8").split("\n").filter(Boolean);
  return { program, report: () => ({ files: lines(report), least: Number(lines(`${report}.least`)[0]) * 4 }) };
}

/** Words in front of a program for which that folder is on a disk that is mounted read-only. */
export async function withReadOnly(folder: string): Promise<string[]> {
  const script = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"';
  return [...(await findNamespace()), "sh", "-c", script, folder];
}

/** Words in front of a program for which that folder is an empty disk without any room. */
export async function withFull(folder: string): Promise<string[]> {
  const script =
    'mount -t tmpfs -o size=4k none "$0" || exit 99; head -c 8k /dev/zero > "$0/fill" 2>/dev/null; exec "$@"';
  return [...(await findNamespace()), "sh", "-c", script, folder];
}
