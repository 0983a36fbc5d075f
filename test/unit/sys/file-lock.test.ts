import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withLock } from "../../../src/sys/file-lock.ts";

const folder = mkdtempSync(join(tmpdir(), "pgrove-lock-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;
const newFile = () => join(folder, `below/${count++}.lock`);
const LONG_MS = 30_000;

/** Holds the lock in another process until it is killed; resolves when it has it. */
async function holdElsewhere(file: string) {
  const source = join(import.meta.dir, "../../../src/sys/file-lock.ts");
  const script = `
    import { withLock } from ${JSON.stringify(source)};
    await withLock(${JSON.stringify(file)}, 0, async () => {
      process.stdout.write("held");
      await new Promise((resolve) => setTimeout(resolve, 600_000));
    });`;
  const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", stderr: "inherit" });
  const { value } = await child.stdout.getReader().read();
  expect(new TextDecoder().decode(value)).toBe("held");
  return child;
}

test("one after the other, in the same process", async () => {
  const file = newFile();
  let inside = 0;
  let most = 0;
  const enter = () =>
    withLock(file, LONG_MS, async () => {
      most = Math.max(most, ++inside);
      await Bun.sleep(1);
      inside--;
    });
  await Promise.all([enter(), enter(), enter(), enter()]);
  expect(most).toBe(1);
  expect(statSync(file).size).toBe(0);
});

test("another process has it: refused, and free again once that one is killed", async () => {
  const file = newFile();
  const child = await holdElsewhere(file);
  try {
    const error = await withLock(file, 0, async () => "mine").catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "locked", exit: 5 });
    const waiting = withLock(file, LONG_MS, async () => "mine");
    child.kill("SIGKILL");
    expect(await waiting).toBe("mine");
  } finally {
    child.kill("SIGKILL");
    await child.exited;
  }
});

test("a body that fails lets the next one in", async () => {
  const file = newFile();
  const failing = withLock(file, 0, async () => {
    throw new Error("on the way");
  });
  await expect(failing).rejects.toThrow("on the way");
  expect(await withLock(file, 0, async () => "mine")).toBe("mine");
});

test("a file that cannot be a lock is said, and nothing runs without it", async () => {
  const file = join(folder, "garbage.lock");
  writeFileSync(file, "no lock at all, and long enough to be taken for something else".repeat(20));
  let ran = false;
  const error = await withLock(file, 0, async () => {
    ran = true;
  }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "lock_failed", exit: 1 });
  expect(ran).toBe(false);
});
