/** Programs in a server's container that write down how they were started and become the real ones: no tracer outside sees these. */
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Major } from "./engine/images.ts";
import { runOk } from "./engine/run.ts";
import type { TestServer } from "./engine/server.ts";
import type { Start } from "./tracer.ts";

const RECORDS = "usr/local/share/records";

/** Lays them into a folder whose `usr` a server is started with: they stand before the real ones in its PATH. */
export function layRecorders(folder: string, major: Major): void {
  const [programs, records] = [join(folder, "usr/local/bin"), join(folder, RECORDS)];
  for (const each of [programs, records]) mkdirSync(each, { recursive: true });
  chmodSync(records, 0o1777);
  for (const name of ["psql", "pg_dump", "pg_restore"]) {
    writeFileSync(join(programs, name), script(`/usr/lib/postgresql/${major}/bin/${name}`), { mode: 0o755 });
  }
}

function script(real: string): string {
  return `#!/bin/bash
record=$(mktemp -d /${RECORDS}/XXXXXXXX)
printf '%s\\0' "$0" "$@" > "$record/argv"
cat /proc/$$/environ > "$record/environ"
find /tmp /var/tmp -type f -perm /077 > "$record/open"
exec ${real} "$@"
`;
}

/** Every start so far, and the files in the container's temporary folders that others could read then. */
export async function readRecords(
  { container }: TestServer,
  into: string,
): Promise<{ starts: Start[]; open: string[] }> {
  await runOk("docker", ["cp", "-q", `${container}:/${RECORDS}`, into]);
  const read = (name: string, file: string) => readFileSync(join(into, name, file), "utf8");
  const names = readdirSync(into);
  const starts = names.map((name) => {
    const args = read(name, "argv").split("\0").slice(0, -1);
    return { file: args[0] ?? "", args, environment: read(name, "environ").split("\0") };
  });
  return { starts, open: names.flatMap((name) => read(name, "open").split("\n")).filter((path) => path !== "") };
}
