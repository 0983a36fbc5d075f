#!/usr/bin/env node
// `npm run steady`: the whole test run again and again, part of it on a busy machine. A test that fails by chance shows here.
// usage: node scripts/steady.mjs [--runs N] [--loaded N]     (5 runs, the last 2 of them beside two busy loops)
import { spawn } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: { runs: { type: "string", default: "5" }, loaded: { type: "string", default: "2" } },
});
const runs = Number(values.runs);
const loaded = Number(values.loaded);
if (!(Number.isInteger(runs) && Number.isInteger(loaded) && runs >= 1 && loaded >= 0 && loaded <= runs)) {
  process.stderr.write("--runs takes a whole number from 1, --loaded one from 0 to it\n");
  process.exit(2);
}

const BUSY_LOOPS = 2;
const children = new Set();
let stopped = false;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    stopped = true;
    for (const child of children) child.kill(signal);
  });
}

const lines = [];
let failed = 0;
for (let number = 1; number <= runs && !stopped; number++) {
  const isLoaded = number > runs - loaded;
  const began = performance.now();
  const { code, answer } = await playRun(isLoaded);
  const minutes = ((performance.now() - began) / 60_000).toFixed(1);
  if (code !== 0) failed += 1;
  lines.push(`run ${number}${isLoaded ? ", busy machine" : ""}: ${answer}, ${minutes} min`);
  process.stderr.write(`steady: ${lines.at(-1)}\n`);
}
process.stdout.write(`${lines.join("\n")}\n${lines.length - failed} of ${runs} runs green\n`);
process.exitCode = failed > 0 || lines.length < runs ? 1 : 0;

/** One whole run of the tests; `answer` is its last line. */
async function playRun(isLoaded) {
  const loops = isLoaded ? Array.from({ length: BUSY_LOOPS }, () => start(["-e", "for (;;);"], "ignore")) : [];
  try {
    const child = start([join(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "test.mjs")], "pipe");
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (chunk) => {
      said += chunk;
    });
    const code = await new Promise((resolve) => child.on("close", resolve));
    return { code, answer: said.trim().split("\n").at(-1) };
  } finally {
    for (const loop of loops) loop.kill("SIGKILL");
  }
}

function start(args, stdout) {
  const child = spawn(process.execPath, args, { stdio: ["ignore", stdout, 2] });
  children.add(child);
  child.on("close", () => children.delete(child));
  return child;
}
