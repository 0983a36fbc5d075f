/**
 * The claims of the README, measured side by side on one machine in one run. usage: npm run bench -- [options]
 *   --quick      a small database (pgbench -s 5): does it run at all?
 *   --runs N     how many runs count (3); one more comes first and does not
 *   --json FILE  also everything measured, as JSON
 * Exit code 0 whether or not a claim is met: this measures, it does not judge.
 */
import { availableParallelism, cpus, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { version } from "../package.json";
import { measureMemory } from "./memory.ts";
import { formatMegabytes, type Row, renderRows } from "./report.ts";
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
  },
});
const rounds = Number(values.runs);
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
  const startup = await step("start-up", () => measureStartup(where));
  const speed = await step("speed", () => measureSpeed(where, rounds));
  const worktrees = await step("worktrees", () => measureWorktrees(where, rounds));
  const memory = await step("memory", () => measureMemory(where));
  const sizes = await step("template strategies", () => measureTemplateSizes(where, rounds));
  return [...speed, ...worktrees, ...memory, ...startup, ...sizes];
}

async function step(name: string, body: () => Promise<Row[]>): Promise<Row[]> {
  say(name);
  return await body();
}

function removeSetting(): Promise<void> {
  removing ??= setting.remove();
  return removing;
}

function say(text: string): void {
  process.stderr.write(`bench: ${text}\n`);
}
