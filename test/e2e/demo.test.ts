/** `npm run demo` on whatever this machine has: it plays to its end, its rows are the same, and nothing of it stays. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureCompose } from "../support/engine/compose.ts";
import { ensureEngine } from "../support/engine/engine.ts";
import { ensureImage } from "../support/engine/images.ts";
import { runOk } from "../support/engine/run.ts";
import { patiently } from "../support/patience.ts";

const root = join(import.meta.dir, "../..");
const NO_ENGINE = "unix:///nonexistent/docker.sock";

let scratch: string;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "pgrove-test-demo-"));
});

afterAll(async () => {
  await rm(scratch, { recursive: true, force: true });
});

/** Starts the demo with a temporary folder of its own, so that what it leaves can be seen. */
function startDemo(env: Record<string, string>) {
  return Bun.spawn(["node", "scripts/demo.mjs"], {
    cwd: root,
    env: { ...process.env, TMPDIR: scratch, ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
}

/** Plays it to its end. */
async function playDemo(env: Record<string, string>): Promise<{ code: number; text: string }> {
  const child = startDemo(env);
  const text = await new Response(child.stdout).text();
  return { code: await child.exited, text };
}

function expectWholeStory(text: string): void {
  for (const command of ["up", "sql", "dump", "dumps list", "restore", "copy", "new", "list", "remove"])
    expect(text).toContain(`$ pgrove ${command}`);
  expect(text).toMatch(/customers +5000 +5000 +5000 +5000\norders( +25000){4}\nitems( +70000){4}/);
  expect(text).toContain("The same 100,000 rows four times, checksums included.");
}

/** The processes of private servers whose data lies where this demo said it does. */
async function serverProcesses(text: string): Promise<string[]> {
  const folder = /PostgreSQL \d+ in (\S+)/.exec(text)?.[1];
  if (folder === undefined) throw new Error("the demo did not say where its server is");
  return (await runOk("ps", ["-eo", "pid,args"])).split("\n").filter((line) => line.includes(folder));
}

describe("npm run demo", () => {
  test("with Docker: compose, all removed", async () => {
    await ensureEngine();
    await ensureCompose();
    const { code, text } = await playDemo({ PGROVE_DEMO_IMAGE: await ensureImage(17) });
    expectWholeStory(text);
    expect(code).toBe(0);
    expect(text).toContain("PostgreSQL runs in a compose service of");
    const left = ["-a", "--filter", "label=pgrove-demo", "--format", "{{.Names}}"];
    expect(await runOk("docker", ["ps", ...left])).toBe("");
    expect(await runOk("docker", ["network", "ls", "--filter", "name=pgrove-demo", "--format", "{{.Name}}"])).toBe("");
    expect(await readdir(scratch)).toEqual([]);
  });

  test(
    "without: this machine's own PostgreSQL, all removed",
    async () => {
      const { code, text } = await playDemo({ DOCKER_HOST: NO_ENGINE });
      expectWholeStory(text);
      expect(code).toBe(0);
      expect(text).toContain("no Docker engine answers");
      expect(await serverProcesses(text)).toEqual([]);
      expect(await readdir(scratch)).toEqual([]);
    },
    patiently(180_000),
  );

  test("Ctrl-C in the middle: all removed", async () => {
    const child = startDemo({ DOCKER_HOST: NO_ENGINE });
    let text = "";
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      if (text.includes("$ pgrove dump") && !child.killed) child.kill("SIGINT");
    }
    expect(await child.exited).toBe(130);
    expect(text).toContain("everything that the demo made is removed again");
    expect(await serverProcesses(text)).toEqual([]);
    expect(await readdir(scratch)).toEqual([]);
  });
});
