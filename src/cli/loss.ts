import type { Loss } from "../target/scratch.ts";
import { formatBytes, plural } from "./format.ts";

/** What would be lost, as the beginning of a sentence: "the database app (45.3 MB, 2 sessions) of main". */
export function describeLoss({ database, sizeBytes, sessions }: Loss, label: string): string {
  const connected = sessions.length === 0 ? "" : `, ${plural(sessions.length, "session")} connected`;
  return `the database ${database} (${formatBytes(sizeBytes)}${connected}) of ${label}`;
}
