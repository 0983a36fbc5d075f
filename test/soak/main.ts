/** `npm run soak -- --steps N --seed S`: exit 1 when anything was lost. A seed draws the same commands and faults again. */
import { parseArgs } from "node:util";
import { describeReport, soak } from "./soak.ts";

const { values } = parseArgs({
  options: {
    steps: { type: "string", default: "150" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    verbose: { type: "boolean", default: false },
  },
});
const [steps, seed] = [Number(values.steps), Number(values.seed)];
if (!(Number.isInteger(steps) && steps > 0 && Number.isInteger(seed))) {
  process.stderr.write("--steps takes a whole number from 1, --seed a whole number\n");
  process.exit(2);
}
const say = (line: string) => process.stderr.write(values.verbose ? `${line}\n` : "");
const report = await soak({ steps, seed, say });
process.stdout.write(`${describeReport(report).join("\n")}\n`);
const { lost, foreignTouched, restartsNotInjected, leftovers } = report;
process.exit(lost.length + foreignTouched.length + restartsNotInjected + leftovers.length > 0 ? 1 : 0);
