import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../../src/config/load-config.ts";
import { refusal } from "../../../src/errors.ts";
import { findOwnPassword } from "../../../src/resolve/own-password.ts";
import type { TargetPlace } from "../../../src/resolve/target-place.ts";
import { type Runner, systemRunner } from "../../../src/sys/process.ts";
import { ToolError } from "../../../src/sys/tool-error.ts";

let root: string;
let asked: string[] = [];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "pgrove-own-password-"));
  await Bun.write(join(root, "repo/.git/HEAD"), "ref: refs/heads/main\n");
});
afterAll(() => rm(root, { recursive: true }));

/** What pgrove.yaml's password comes to; `asked` is what was to be approved for it. */
async function find(password: string, runner: Runner = systemRunner, isApproved = true): Promise<string | undefined> {
  const file = join(root, "repo/pgrove.yaml");
  await writeFile(file, `project: p\nserver: {container: c}\ndatabase: {password: ${password}}\n`);
  asked = [];
  const place = {
    serverTools: async () => ({ runner }),
    requireApproved: async ({ key }: { key: string }) => {
      asked.push(key);
      if (!isApproved) throw refusal("unapproved", key, "pgrove trust");
    },
  } as unknown as TargetPlace;
  return await findOwnPassword(await loadConfig(file, { environment: {} }), place);
}

test("a command prints it, in the repository's folder, once it is approved", async () => {
  await writeFile(join(root, "repo/word"), "of the file\n");
  expect(await find('{command: "cat word"}')).toBe("of the file");
  expect(asked).toEqual(["database.password.command"]);
  const ran = join(root, "repo/ran");
  await expect(find(`{command: "touch ${ran}"}`, systemRunner, false)).rejects.toMatchObject({ exit: 5 });
  expect(await Bun.file(ran).exists()).toBe(false);
});

test.each([
  ["true", { exit: 3, message: expect.stringContaining("it has nothing") }],
  ["echo a; echo b", { exit: 3, message: expect.stringContaining("several lines") }],
  ["echo why >&2; exit 3", { exit: 1, message: expect.stringContaining("why") }],
])("%s is no password", async (command, error) => {
  await expect(find(`{command: "${command}"}`)).rejects.toMatchObject(error);
});

test("a command that does not end is said to be one", async () => {
  const ended = {
    program: "sh",
    argv: [],
    exitCode: undefined,
    signal: "SIGTERM",
    stderr: [],
    aborted: true,
    lost: false,
  };
  const capture = () => Promise.reject(new ToolError(ended));
  await expect(find('{command: "read x"}', { ...systemRunner, capture })).rejects.toMatchObject({
    message: "database.password.command did not end within 60 s",
    hint: expect.stringContaining("by itself"),
  });
});

test("a file of the repository holds it; one elsewhere is approved first", async () => {
  await writeFile(join(root, "repo/word"), "in here\r\n");
  expect([await find("{file: word}"), asked]).toEqual(["in here", []]);
  await writeFile(join(root, "away"), "out there");
  expect([await find(`{file: ${join(root, "away")}}`), asked]).toEqual(["out there", ["database.password.file"]]);
  await expect(find("{file: nosuch}")).rejects.toMatchObject({ exit: 4 });
});
