/** snapshot and rewind beside what PostgreSQL itself needs for a copy inside the server. */
import { compare, runProgram } from "./measure.ts";
import { copyAsTemplate } from "./plain.ts";
import { type Row, timesAsLong } from "./report.ts";
import type { Setting } from "./setting.ts";

const COPY = "bench_saved";

/** A rewind makes a copy as well, and drops what the rewind before it has kept. */
export async function measureSnapshots(setting: Setting, rounds: number): Promise<Row[]> {
  const { pgrove, settle, dropDatabase } = setting;
  const of = await compare(
    [
      {
        name: "createdb --template",
        prepare: settle,
        run: () => runProgram({ argv: copyAsTemplate(setting, COPY).split(" ") }),
        after: () => dropDatabase(COPY),
      },
      {
        name: "pgrove snapshot",
        prepare: settle,
        run: () => runProgram(pgrove("snapshot", "saved", "-q")),
      },
      {
        name: "pgrove rewind",
        prepare: settle,
        run: () => runProgram(pgrove("rewind", "saved", "--yes", "-q")),
        after: () => runProgram(pgrove("snapshots", "remove", "saved", "--yes", "-q")),
      },
    ],
    rounds,
  );
  await runProgram(pgrove("snapshots", "remove", "before-rewind", "--yes", "-q"));
  const bare = of("createdb --template");
  return [
    timesAsLong("snapshot, against createdb --template --strategy=file_copy", of("pgrove snapshot"), bare),
    timesAsLong("rewind, against the same", of("pgrove rewind"), bare),
  ];
}
