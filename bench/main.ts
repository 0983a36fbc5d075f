/**
 * The claims of the README, measured side by side on one machine in one run. usage: npm run bench -- [options]
 *   --quick      a small database (pgbench -s 5): does it run at all?
 *   --runs N     how many runs count (3); one more comes first and does not
 *   --only PART  one part: startup, speed, worktrees, migrations, seeds, memory, templates
 *   --json FILE  also everything measured, as JSON
 * Exit code 0 whether or not a claim is met: this measures, it does not judge.
 */
import { availableParallelism, cpus, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { version } from "../package.json";
import { measureMemory } from "./memory.ts";
import { measureMigrations } from "./migrate.ts";
import { formatMegabytes, type Row, renderRows } from "./report.ts";
import { measureSeeds } from "./seed.ts";
import { makeSetting, type Setting } from "./setting.ts";
import { measureSpeed } from "./speed.ts";
import { measureStartup } from "./startup.ts";
import { measureTemplateSizes } from "./template-size.ts";
import { measureWorktrees } from "./worktree.ts";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    runs: { type: "string", default: "3" },
    json: { type: "string" },
    only: { type: "string" },
  },
});
const PARTS: Readonly<Record<string, (where: Setting) => Promise<Row[]>>> = {
  startup: measureStartup,
  speed: (where) => measureSpeed(where, rounds),
  worktrees: (where) => measureWorktrees(where, rounds),
  migrations: (where) => measureMigrations(where, rounds),
  seeds: (where) => measureSeeds(where, rounds, values.quick),
  memory: measureMemory,
  templates: (where) => measureTemplateSizes(where, rounds),
};
const rounds = Number(values.runs);
if (values.only !== undefined && !(values.only in PARTS))
  throw new Error(`--only takes ${Object.keys(PARTS).join(", ")}`);
if (!Number.isInteger(rounds) || rounds < 1) throw new Error("--runs takes a whole number, 1 or more");

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
  const rows = await measureAll(setting);
  const machine = `${availableParallelism()} cores (${cpus()[0]?.model ?? "?"}), ${Math.round(totalmem() / 2 ** 30)} GiB`;
  const database = `${formatMegabytes(setting.sizeBytes)}, PostgreSQL 17, plain settings`;
  const head = { pgrove: version, bun: Bun.version, machine, database, runs: rounds, quick: values.quick };
  console.log(`pgrove ${version}, Bun ${Bun.version} · ${machine} · ${database} · ${rounds} runs each, in turns\n`);
  console.log(renderRows(rows));
  if (values.json !== undefined)
    await Bun.write(values.json, `${JSON.stringify({ version: 1, ...head, rows }, null, 2)}\n`);
} finally {
  await removeSetting();
}

async function measureAll(where: Setting): Promise<Row[]> {
  say(`the database has ${formatMegabytes(where.sizeBytes)}`);
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
