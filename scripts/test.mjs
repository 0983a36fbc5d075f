#!/usr/bin/env node
// `npm test`: installs, builds, checks types and style, and runs every test. Plain Node, since nothing is installed yet.
// usage: node scripts/test.mjs [--only unit|integration|e2e] [--long] [PART-OF-A-FILE-NAME…]
//   --long   the tests that have a longer form, in that form (`npm run test:long`)
// The last line of stdout is always `N passed, N failed`; the exit code says whether anything failed.
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { parseArgs } from "node:util";
import { argumentsOfBunTest } from "./test/bun-test.mjs";
import { describeFaults } from "./test/faults.mjs";
import { dealEvenly, dealOut, findTestFiles, kinds } from "./test/files.mjs";
import { describeCauses, describeSlowest, excerptEnd, excerptFailures, readReport } from "./test/report.mjs";
import { isStopped, runStep, say } from "./test/step.mjs";

/** Unit tests compute: one part for each of two cores. */
const UNIT_PARTS = 2;
/** How much runs side by side, each lane with servers of its own: they wait for servers a third of their time. */
const LANES = 3;
const SLOWEST = 40;

const root = join(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "..");
const { values, positionals: words } = parseArgs({
  options: { only: { type: "string" }, long: { type: "boolean", default: false } },
  allowPositionals: true,
});
if (values.only !== undefined && !kinds.includes(values.only)) {
  process.stderr.write(`--only takes ${kinds.join(", ")}\n`);
  process.exit(2);
}

/** Everything is run: what is said of it as a whole holds. */
const isWhole = values.only === undefined && words.length === 0 && !values.long;
const engineProgram = "test/support/engine/main.ts";
const runId = `${process.pid}-${Date.now().toString(36)}`;
const reports = mkdtempSync(join(tmpdir(), "pgrove-test-"));
const env = {
  ...process.env,
  PATH: join(root, "node_modules/.bin") + delimiter + process.env.PATH,
  PGROVE_TEST_RUN: runId,
  ...(values.long ? { PGROVE_SLOW_TESTS: "1" } : {}),
};
/** Every test that ran, and what failed that is no test. */
const tests = [];
const failures = [];
const excerpts = [];
let versions = "";
let ownEngine = false;

try {
  await playAll();
} finally {
  rmSync(reports, { recursive: true, force: true });
}
report();

async function playAll() {
  if (needsInstall() && !(await check("install", "npm", ["ci", "--include=dev"]))) return;
  const built = await check("build", "bun", ["run", "build.ts"]);
  if (!built && filesOf("e2e").length > 0) failures.push("e2e: not run, the build failed");
  const parts = dealOut(root, [...filesOf("integration"), ...(built ? filesOf("e2e") : [])]);
  const units = dealEvenly(root, filesOf("unit"), { name: "unit", count: UNIT_PARTS });
  if (parts.length === 0) return void (await playLanes([...units.map(playing), checkTexts]));
  try {
    // The engine is fetched, and waited for, while the rest computes.
    const starting = startEngine();
    const behindEngine = (play) => async (lane) => ((await starting) ? await play(lane) : undefined);
    await playLanes([...units.map(playing), checkTexts, ...parts.map(playing).map(behindEngine)]);
  } finally {
    await stopEngine();
  }
}

async function checkTexts() {
  await check("types", "tsc", ["--noEmit"]);
  await check("types of the page", "tsc", ["--noEmit", "-p", "page"]);
  await check("lint", "biome", ["check", "."]);
}

function filesOf(kind) {
  return (values.only ?? kind) === kind ? findTestFiles(root, kind, { words, long: values.long }) : [];
}

/** Each lane takes one of what is to be done after the other, until nothing is left. */
async function playLanes(jobs) {
  const playLane = async (_, lane) => {
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) await job(`${runId}-${lane}`);
  };
  await Promise.all(Array.from({ length: LANES }, playLane));
}

function playing(part) {
  return (run) => playPart(part, run);
}

/** True where nothing is installed, or something else than the lockfile asks for. */
function needsInstall() {
  const stamp = join(root, "node_modules/.package-lock.json");
  return !existsSync(stamp) || statSync(stamp).mtimeMs < statSync(join(root, "package-lock.json")).mtimeMs;
}

/** Starts the engine once for all, hands its address on, and says what exactly the tests run on. */
async function startEngine() {
  const start = await ask("engine", "start");
  ownEngine = start.output.trim() === "started";
  const exports = start.ok ? await ask("engine's address", "env") : start;
  for (const [, name, value] of exports.output.matchAll(/^export (\w+)='(.*)'$/gm)) env[name] = value;
  if (!exports.ok) {
    failures.push("engine: integration and e2e tests did not run");
    return false;
  }
  versions = (await ask("versions", "versions")).output.trim();
  say(versions);
  await step("remove what dead runs left", "bun", [engineProgram, "clean", runId]);
  const patience = await ask("how fast the engine is today", "patience");
  if (!patience.ok) failures.push("engine: how fast it is could not be measured");
  env.PGROVE_TEST_PATIENCE = patience.output.trim() || "1";
  say(`bounds of waits are multiplied by ${env.PGROVE_TEST_PATIENCE}`);
  return true;
}

async function stopEngine() {
  await step("clean up", "bun", [engineProgram, "clean", runId], { last: true });
  if (ownEngine) await step("stop the engine", "bun", [engineProgram, "stop"], { last: true });
}

function ask(name, ...args) {
  return step(name, "bun", [engineProgram, ...args], { keep: "stdout" });
}

/** Runs a step that passes or fails as one. */
async function check(name, file, args) {
  const { ok } = await step(name, file, args);
  if (!ok) failures.push(name);
  return ok;
}

/** Runs a part of bun's tests and keeps what its report says; what was said is shown when something failed. */
async function playPart({ name, files }, run) {
  const reportPath = join(reports, `${name.replaceAll("/", "-")}.xml`);
  const patience = Number(env.PGROVE_TEST_PATIENCE ?? 1);
  const args = argumentsOfBunTest({ patience, long: values.long, reportPath, files });
  const options = { keep: "all", env: { ...env, PGROVE_TEST_RUN: run } };
  const { ok, output } = await step(name, "bun", args, options);
  const { tests: own, whole } = readReport(reportPath);
  tests.push(...own);
  if (!ok && !isStopped()) {
    process.stderr.write(output);
    excerpts.push(...excerptFailures(output));
  }
  const failed = own.some(({ outcome }) => outcome === "failed");
  if (failed || (ok && whole)) return;
  failures.push(`${name}: bun test ended early, or failed outside of a test`);
  if (!isStopped()) excerpts.push(...excerptEnd(name, output));
}

function step(name, file, args, options = {}) {
  return runStep(name, file, args, { cwd: root, env, ...options });
}

/** What must survive, group by group. A group whose tests have gone is a failure: it would look as if it held. */
function tellFaults() {
  const { lines, empty } = describeFaults(tests);
  for (const line of lines) say(line);
  for (const place of empty) failures.push(`${place}: no test has run`);
}

/** The slowest tests, what failed and on what, and the counts as the last line of stdout. */
function report() {
  if (tests.length > SLOWEST) for (const line of ["the slowest:", ...describeSlowest(tests, SLOWEST)]) say(line);
  if (isWhole && !isStopped()) tellFaults();
  const failed = tests.filter(({ outcome }) => outcome === "failed");
  const skipped = tests.filter(({ outcome }) => outcome === "skipped");
  for (const line of excerpts) say(line);
  for (const { file, name } of skipped) say(`skipped ${file}: ${name}`);
  for (const { file, name } of failed) say(`FAILED ${file}: ${name}`);
  for (const failure of failures) say(`FAILED ${failure}`);
  for (const line of describeCauses(excerpts)) say(line);
  if (versions !== "" && failed.length + failures.length > 0) say(`on ${versions}`);
  if (isStopped()) say("stopped by a signal: not everything has run");
  const passed = tests.length - failed.length - skipped.length;
  const failedCount = failed.length + failures.length;
  process.stdout.write(`${passed} passed, ${failedCount} failed\n`);
  process.exitCode = failedCount > 0 || isStopped() || passed === 0 ? 1 : 0;
}
