import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXIT } from "../../../src/errors.ts";
import { systemRunner } from "../../../src/sys/process.ts";
import { processBirth } from "../../../src/sys/run-record.ts";
import { runSteps } from "../../../src/worktree/steps.ts";
import { waitFor } from "../../support/engine/run.ts";

let cwd = "";

beforeAll(async () => {
  cwd = await realpath(await mkdtemp(join(tmpdir(), "pgrove-steps-")));
});
afterAll(async () => {
  await rm(cwd, { recursive: true });
});

interface Told {
  said: string[];
  run(...steps: string[]): ReturnType<typeof runSteps>;
}

function teller(env: Record<string, string> = {}, abort = new AbortController().signal): Told {
  const said: string[] = [];
  const options = { cwd, env, runner: systemRunner, abort, goOn: "pgrove provision x" };
  return { said, run: (...steps) => runSteps(steps, { ...options, say: (line) => said.push(line) }) };
}

test("the steps run in order, in the worktree, with the variables, and what they print is told", async () => {
  const { said, run } = teller({ DATABASE_URL: "postgres://u@h/d", PGPORT: "5433" });
  const results = await run('pwd; echo "$DATABASE_URL $PGPORT"', "echo one; echo two >&2; printf 'without an end'");
  expect(results.map(({ step }) => step)).toHaveLength(2);
  expect(results.every(({ durationMs }) => durationMs > 0)).toBe(true);
  expect(said.slice(0, 3)).toEqual([
    'step 1 of 2: pwd; echo "$DATABASE_URL $PGPORT"',
    `  ${cwd}`,
    "  postgres://u@h/d 5433",
  ]);
  expect(said[3]).toMatch(/^step 1 of 2: done in \d+\.\d s$/);
  expect(said.slice(5, -1).sort()).toEqual(["  one", "  two", "  without an end"]);
});

test("a step that reads gets nothing, and a line drawn again and again is told once", async () => {
  const { said, run } = teller();
  await run("cat; printf '10%%\\r50%%\\r100%%\\r\\n'");
  expect(said.slice(1, -1)).toEqual(["  100%"]);
});

describe("a step that fails", () => {
  test("ends the run: which, how, its last words, what was not run, and how to go on", async () => {
    const { run } = teller();
    const failed = run("true", "echo to no avail; exit 3", "touch third", "touch fourth");
    await expect(failed).rejects.toMatchObject({
      code: "step_failed",
      exit: EXIT.failed,
      message: "step 2 of 4 failed (exit 3): echo to no avail; exit 3\n  to no avail\n2 more were not run.",
      hint: "pgrove provision x      once the cause is gone",
    });
    expect(existsSync(join(cwd, "third"))).toBe(false);
  });

  test("by a signal is a failure, too", async () => {
    await expect(teller().run("kill -KILL $$")).rejects.toMatchObject({ message: expect.stringContaining("exit 137") });
  });

  test("shows no password of the variables", async () => {
    const env = { DATABASE_URL: "postgres://u:s3cr3tpw@h/d", APP_PASSWORD: "hunter2222" };
    const { said, run } = teller(env);
    const failed: unknown = await run('echo "$DATABASE_URL"; echo "$APP_PASSWORD s3cr3tpw" >&2; false').catch(
      (error: unknown) => error,
    );
    const shown = `${said.join("\n")}\n${failed instanceof Error ? failed.message : ""}`;
    expect(shown).toContain("***");
    expect(shown).not.toMatch(/s3cr3tpw|hunter2222/);
  });
});

test("an abort ends the step with everything that it has started", async () => {
  const abort = new AbortController();
  const { said, run } = teller({}, abort.signal);
  const running = run("sh -c 'echo $$ > pid; echo ready; sleep 600; true'; true", "touch second").catch(
    (error: unknown) => error,
  );
  await waitFor("the step to run", 10_000, async () => said.includes("  ready"), 10);
  const pid = Number(await readFile(join(cwd, "pid"), "utf8"));
  abort.abort();
  expect(await running).toMatchObject({ code: "interrupted" });
  await waitFor("its child to end", 30_000, async () => (await processBirth(pid)) === undefined, 10);
  expect(existsSync(join(cwd, "second"))).toBe(false);
});
