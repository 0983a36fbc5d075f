/**
 * `npm run soak -- --steps N --seed S [--server host|container]`: exit 1 when anything was lost. A seed draws the same
 * commands and faults again.
 */
import { parseArgs } from "node:util";
import { canMount, runWhereDisksAre } from "./disks.ts";
import { describeReport, isGood } from "./report.ts";
import { soak } from "./soak.ts";

const { values } = parseArgs({
  options: {
    steps: { type: "string", default: "150" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    server: { type: "string", default: "host" },
    verbose: { type: "boolean", default: false },
  },
});
const [steps, seed, server] = [Number(values.steps), Number(values.seed), values.server];
if (
  !(Number.isInteger(steps) && steps > 0 && Number.isInteger(seed)) ||
  (server !== "host" && server !== "container")
) {
  process.stderr.write("--steps takes a whole number from 1, --seed a whole number, --server host or container\n");
  process.exit(2);
}
if (!canMount) process.exit(await runWhereDisksAre());
const say = (line: string) => process.stderr.write(values.verbose ? `${line}\n` : "");
const report = await soak({ steps, seed, server, say });
process.stdout.write(`${describeReport(report).join("\n")}\n`);
process.exit(isGood(report) ? 0 : 1);
