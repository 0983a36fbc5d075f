#!/usr/bin/env node
// `npm test`: installs, builds, checks types and style, and runs every test. Plain Node, since nothing is installed yet.
// usage: node scripts/test.mjs [--only unit|integration|e2e] [PART-OF-A-FILE-NAME]
// The last line of stdout is always `N passed, N failed`; the exit code says whether anything failed.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, relative } from "node:path";
import { parseArgs } from "node:util";

const root = join(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "..");
const { values, positionals } = parseArgs({ options: { only: { type: "string" } }, allowPositionals: true });
const goes = { unit: ["test/unit", "test/structure.test.ts"], integration: ["test/integration"], e2e: ["test/e2e"] };
if (values.only !== undefined && !(values.only in goes)) {
  process.stderr.write(`--only takes ${Object.keys(goes).join(", ")}\n`);
  process.exit(2);
}

const engineProgram = "test/support/engine/main.ts";
const runId = `${process.pid}-${Date.now().toString(36)}`;
const reports = mkdtempSync(join(tmpdir(), "pgrove-test-"));
const env = {
  ...process.env,
  PATH: join(root, "node_modules/.bin") + delimiter + process.env.PATH,
  PGROVE_TEST_RUN: runId,
};
const total = { passed: 0, failed: 0 };
const failures = [];
const children = new Set();
let stopped = false;
let ownEngine = false;

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    stopped = true;
    for (const child of children) child.kill(signal);
  });
}

try {
  await playAll();
} finally {
  rmSync(reports, { recursive: true, force: true });
}
for (const failure of failures) say(`FAILED ${failure}`);
if (stopped) say("stopped by a signal: not everything has run");
process.stdout.write(`${total.passed} passed, ${total.failed} failed\n`);
process.exitCode = total.failed > 0 || stopped || total.passed === 0 ? 1 : 0;

async function playAll() {
  if (needsInstall() && !(await check("install", "npm", ["ci", "--include=dev"]))) return;
  const built = await check("build", "bun", ["run", "build.ts"]);
  await check("types", "tsc", ["--noEmit"]);
  await check("lint", "biome", ["check", "."]);
  if (wanted("unit")) await testGo("unit");
  if (!wanted("integration") && !wanted("e2e")) return;
  try {
    if (!(await startEngine())) return;
    if (wanted("e2e") && !built) fail("e2e: not run, the build failed");
    // Side by side, since both mostly wait for servers; each has servers of its own.
    const both = ["integration", "e2e"].filter((go) => wanted(go) && (go !== "e2e" || built));
    await Promise.all(both.map((go, index) => testGo(go, index > 0)));
  } finally {
    await stopEngine();
  }
}

function wanted(go) {
  return (values.only ?? go) === go;
}

/** True where nothing is installed, or something else than the lockfile asks for. */
function needsInstall() {
  const stamp = join(root, "node_modules/.package-lock.json");
  return !existsSync(stamp) || statSync(stamp).mtimeMs < statSync(join(root, "package-lock.json")).mtimeMs;
}

/** Starts the engine once for all goes, and hands its address to them. */
async function startEngine() {
  const start = await step("engine", "bun", [engineProgram, "start"], { output: "capture" });
  ownEngine = start.stdout.trim() === "started";
  const exports = start.ok
    ? await step("engine's address", "bun", [engineProgram, "env"], { output: "capture" })
    : start;
  for (const [, name, value] of exports.stdout.matchAll(/^export (\w+)='(.*)'$/gm)) env[name] = value;
  if (!exports.ok) fail("engine: integration and e2e tests did not run");
  else await step("remove what dead runs left", "bun", [engineProgram, "clean", runId]);
  return exports.ok;
}

async function stopEngine() {
  await step("clean up", "bun", [engineProgram, "clean", runId], { last: true });
  if (ownEngine) await step("stop the engine", "bun", [engineProgram, "stop"], { last: true });
}

/** Runs a step that passes or fails as one. */
async function check(name, file, args) {
  const { ok } = await step(name, file, args);
  if (!ok) fail(name);
  return ok;
}

/**
 * Runs one go of bun's tests and adds what its report counts; bun failing otherwise, or leaving no report, counts as one.
 * Output that is held comes whole at its end.
 */
async function testGo(name, holdOutput = false) {
  const files = goes[name].flatMap(testFiles).filter((file) => positionals.every((part) => file.includes(part)));
  if (files.length === 0) return say(`${name}: no test files`);
  const report = join(reports, `${name}.xml`);
  const args = ["test", "--timeout", "120000", "--reporter=junit", `--reporter-outfile=${report}`];
  const output = holdOutput ? "hold" : "show";
  const runsFiles = [...args, ...files.map((file) => `./${file}`)];
  const { ok, stdout } = await step(name, "bun", runsFiles, { output, env: { PGROVE_TEST_RUN: `${runId}-${name}` } });
  process.stderr.write(stdout);
  const counts = readCounts(report);
  total.passed += counts.tests - counts.failures - counts.skipped;
  total.failed += counts.failures;
  if (counts.skipped > 0) say(`${name}: ${counts.skipped} tests skipped`);
  if (counts.failures > 0) failures.push(`${name}: ${counts.failures} tests`);
  else if (!ok || !existsSync(report)) fail(`${name}: bun test ended early, or failed outside of a test`);
}

function readCounts(report) {
  const rootElement = existsSync(report) ? (readFileSync(report, "utf8").match(/<testsuites\b[^>]*>/)?.[0] ?? "") : "";
  const count = (name) => Number(rootElement.match(new RegExp(`\\s${name}="(\\d+)"`))?.[1] ?? 0);
  return { tests: count("tests"), failures: count("failures") + count("errors"), skipped: count("skipped") };
}

/** Every test file at or below a path. */
function testFiles(path) {
  const full = join(root, path);
  if (!existsSync(full)) return [];
  if (statSync(full).isFile()) return [path];
  const below = readdirSync(full, { withFileTypes: true }).map((entry) => relative(root, join(full, entry.name)));
  return below.flatMap((name) =>
    statSync(join(root, name)).isDirectory() ? testFiles(name) : name.endsWith(".test.ts") ? [name] : [],
  );
}

/**
 * Runs a program, announced with its time. What it says goes to stderr, or its stdout is returned (`capture`), or both
 * (`hold`). After a signal only `last` steps run.
 */
async function step(name, file, args, { output = "show", last = false, env: more = {} } = {}) {
  if (stopped && !last) return { ok: false, stdout: "" };
  say(`${name} …`);
  const began = performance.now();
  return new Promise((resolve) => {
    const stdio = ["ignore", output === "show" ? 2 : "pipe", output === "hold" ? "pipe" : 2];
    const child = spawn(file, args, { cwd: root, env: { ...env, ...more }, stdio });
    children.add(child);
    let text = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (chunk) => {
        text += chunk;
      });
    }
    const end = (ok, why) => {
      children.delete(child);
      say(`${name}: ${ok ? "ok" : why}, ${((performance.now() - began) / 1000).toFixed(1)} s`);
      resolve({ ok, stdout: text });
    };
    child.on("error", (error) => end(false, error.message));
    child.on("close", (code, signal) => end(code === 0, signal ?? `exit ${code}`));
  });
}

function fail(what) {
  total.failed += 1;
  failures.push(what);
}

function say(line) {
  process.stderr.write(`test: ${line}\n`);
}
