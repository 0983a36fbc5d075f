/**
 * How fast `serve` and its page are on this machine. usage: bun run scripts/serve-speed.ts
 * On a PostgreSQL of the tests, with the program that was built; chromium is installed where it is missing. It measures, and does not judge.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openBrowser } from "../test/support/serve/browser.ts";
import { makeProject } from "../test/support/serve/project.ts";
import { Served } from "../test/support/serve/served.ts";

const ROUNDS = 20;
const WORKTREES = 50;
const REQUESTS = 10_000;
const AT_ONCE = 20;

const grove = await makeProject(import.meta.path);
const served = await Served.start(grove.repo);
await served.work("/api/admin/database/migrate", { skip_backup: true });
say("page, compressed", `${((await pageBytes()) / 1000).toFixed(1)} kB`);
const { paints, shifts } = await measurePage();
const range = `${Math.min(...paints).toFixed(0)} to ${Math.max(...paints).toFixed(0)} ms`;
say("first contentful paint", `${median(paints).toFixed(0)} ms, ${range}`);
say("layout shift until all is there", `at most ${Math.max(...shifts).toFixed(4)}`);
for (let at = 0; at < WORKTREES; at++) {
  await grove.git(["worktree", "add", "-q", "-b", `w${at}`, grove.repo.path(`w${at}`)]);
}
const first = await timeOfList();
const known: number[] = [];
for (let round = 0; round < 2 * ROUNDS; round++) known.push(await timeOfList());
say(`list of ${WORKTREES + 1} worktrees`, `${first.toFixed(0)} ms; what is known, ${median(known).toFixed(1)} ms`);
await askMany(REQUESTS / 2); // what is compiled and kept once
const before = await residentMb();
const began = performance.now();
await askMany(REQUESTS);
const perSecond = REQUESTS / ((performance.now() - began) / 1000);
say(`${REQUESTS} requests`, `${perSecond.toFixed(0)} a second, ${AT_ONCE} at once`);
say("memory", `${before.toFixed(0)} MB before them, ${(await residentMb()).toFixed(0)} MB after`);
await served[Symbol.asyncDispose]();
await grove[Symbol.asyncDispose]();
process.exit(0); // what the tests keep open of their server for one another would keep it going

/** A page of its own each time: nothing is kept from the one before. */
async function measurePage(): Promise<{ paints: number[]; shifts: number[] }> {
  const browser = await openBrowser();
  const [paints, shifts]: [number[], number[]] = [[], []];
  try {
    for (let round = 0; round <= ROUNDS; round++) {
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
      const page = await context.newPage();
      await page.addInitScript(`window.moved = 0; window.painted = 0;
        new PerformanceObserver((list) => { for (const each of list.getEntries()) window.moved += each.value; })
          .observe({ type: "layout-shift", buffered: true });
        new PerformanceObserver((list) => {
          for (const each of list.getEntries()) if (each.name === "first-contentful-paint") window.painted = each.startTime;
        }).observe({ type: "paint", buffered: true });`);
      await page.goto(served.page);
      await page.getByRole("row", { name: /^main/ }).waitFor();
      await page.locator("main:not(:has([aria-busy=true]))").waitFor();
      const [painted, moved] = (await page.evaluate("[window.painted, window.moved]")) as [number, number];
      if (round > 0) paints.push(painted);
      if (round > 0) shifts.push(moved);
      await context.close();
    }
  } finally {
    await browser.close();
  }
  return { paints, shifts };
}

async function pageBytes(): Promise<number> {
  return Bun.gzipSync(await Bun.file(join(import.meta.dir, "../dist/page/page.txt")).bytes()).length;
}

async function timeOfList(): Promise<number> {
  const began = performance.now();
  await served.get("/api/v1/worktrees");
  return performance.now() - began;
}

async function askMany(many: number): Promise<void> {
  const worker = async () => {
    for (let round = 0; round < many / AT_ONCE; round++) await served.ask(round % 2 === 0 ? "/api/v1/worktrees" : "/");
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

async function residentMb(): Promise<number> {
  const status = await readFile(`/proc/${served.pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function say(what: string, found: string): void {
  console.log(`${what}: ${found}`);
}
