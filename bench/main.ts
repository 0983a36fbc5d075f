/**
 * The claims of the README, measured side by side on one machine in one run. usage: npm run bench -- [options]
 *   --quick       a small database (pgbench -s 5): does it run at all?
 *   --runs N      how many rounds count (5); one more comes first and does not
 *   --only PART   one part: startup, speed, stored, worktrees, snapshots, migrations, seeds, memory, templates
 *   --json FILE   also everything measured, as JSON
 *   --write       also puts the table into README.md, and the versions into docs/measured.md; only for a whole run
 * Exit code 0 whether or not a bound is met: this measures, it does not judge.
 */
import { parseArgs } from "node:util";
import { measureCopies } from "./copy.ts";
import { replaceMeasured } from "./docs.ts";
import { measureMemory } from "./memory.ts";
import { measureMigrations } from "./migrate.ts";
import { formatMegabytes, type Row, renderList, renderMarkdown, renderRows } from "./report.ts";
import { measureSeeds } from "./seed.ts";
import { makeSetting, type Setting } from "./setting.ts";
import { measureSnapshots } from "./snapshot.ts";
import { measureDumps, measureRestores } from "./speed.ts";
import { measureStartup } from "./startup.ts";
import { measureStored } from "./stored.ts";
import { measureTemplateSizes } from "./template-size.ts";
import { readVersions } from "./versions.ts";
import { measureWorktrees } from "./worktree.ts";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    runs: { type: "string", default: "5" },
    json: { type: "string" },
    only: { type: "string" },
    write: { type: "boolean", default: false },
  },
});
const PARTS: Readonly<Record<string, (where: Setting) => Promise<Row[]>>> = {
  startup: measureStartup,
  speed: async (where) => [
    ...(await measureDumps(where, rounds)),
    ...(await measureRestores(where, rounds)),
    ...(await measureCopies(where, rounds)),
  ],
  stored: (where) => measureStored(where, rounds),
  worktrees: (where) => measureWorktrees(where, rounds),
  snapshots: (where) => measureSnapshots(where, rounds),
  migrations: (where) => measureMigrations(where, rounds),
  seeds: (where) => measureSeeds(where, rounds, values.quick),
  memory: (where) => measureMemory(where, rounds),
  templates: (where) => measureTemplateSizes(where, rounds),
};
const rounds = Number(values.runs);
if (values.only !== undefined && !(values.only in PARTS))
  throw new Error(`--only takes ${Object.keys(PARTS).join(", ")}`);
if (!Number.isInteger(rounds) || rounds < 1) throw new Error("--runs takes a whole number, 1 or more");
if (values.write && (values.quick || values.only !== undefined))
  throw new Error("--write wants figures of one whole run: leave --quick and --only out");

say("starting PostgreSQL 17 in a container, filling the database");
const setting = await makeSetting(values.quick ? { scale: 5, textRows: 100_000 } : { scale: 50, textRows: 1_000_000 });
let removing: Promise<void> | undefined;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, async () => {
    await removeSetting();
    process.kill(process.pid, signal);
  });
}
try {
  const began = new Date();
  const versions: [string, string][] = [
    ...(await readVersions(setting)),
    ["database", `${formatMegabytes(setting.sizeBytes)}, the server's plain settings`],
    ["rounds", `${rounds} in turns after a warm-up, more of what takes milliseconds${values.quick ? "; --quick" : ""}`],
    ["measured", began.toISOString().slice(0, 16).replace("T", " ")],
  ];
  const head = versions.map(([name, version]) => `${name}: ${version}`).join("\n");
  console.log(`${head}\n`);
  const rows = await measureAll(setting);
  console.log(renderRows(rows));
  if (values.quick)
    console.log("\n--quick: the bounds are meant for the big database, so what became of them says nothing");
  if (values.write) {
    await replaceMeasured("README.md", renderMarkdown(rows));
    await replaceMeasured("docs/measured.md", renderList(versions));
  }
  if (values.json !== undefined) {
    const document = { version: 1, versions: Object.fromEntries(versions), quick: values.quick, rounds, rows };
    await Bun.write(values.json, `${JSON.stringify(document, null, 2)}\n`);
  }
} finally {
  await removeSetting();
}

async function measureAll(where: Setting): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [name, measure] of Object.entries(PARTS)) {
    if (values.only !== undefined && values.only !== name) continue;
    say(name);
    rows.push(...(await measure(where)));
  }
  return rows;
}

function removeSetting(): Promise<void> {
  removing ??= setting.remove();
  return removing;
}

function say(text: string): void {
  process.stderr.write(`bench: ${text}\n`);
}
