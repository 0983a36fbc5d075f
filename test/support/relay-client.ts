/**
 * A pgrove in small, to be killed: connects to a container through the relay, says so, and goes on doing nothing or
 * reading rows. usage: bun test/support/relay-client.ts CONTAINER RUN idle|copy
 */
import { createDockerToolbox } from "../../src/postgres/docker-toolbox.ts";
import { systemRunner } from "../../src/sys/process.ts";
import { parseRunId } from "../../src/sys/run-id.ts";

const [container = "", runText = "", mode] = process.argv.slice(2);
const run = parseRunId(runText);
if (run === undefined) throw new Error(`not a run id: ${runText}`);

const access = { container, label: container, user: "postgres", addresses: [] };
const sql = await createDockerToolbox(systemRunner, access).connect("postgres", run);
if (mode === "idle") {
  console.log("ready");
  await Bun.sleep(600_000);
}
const rows = await sql`COPY (SELECT repeat('x', 1000) FROM generate_series(1, 100000000)) TO STDOUT`.readable();
let seen = 0;
for await (const chunk of rows) {
  if (seen === 0) console.log("ready");
  seen += chunk.length;
}
