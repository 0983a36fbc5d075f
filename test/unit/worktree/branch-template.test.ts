import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readBranchTemplate } from "../../../src/worktree/branch-template.ts";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "pgrove-template-")));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const MAIN = "NODE_OPTIONS=--max-old-space-size=4096\nURL={url}\n";

/** What is read of a branch's template, or of a link there. */
async function read(branch: { text?: string; link?: string }): Promise<string> {
  const [main, root] = ["main", "branch"].map((name) => join(folder, crypto.randomUUID(), name));
  if (main === undefined || root === undefined) throw new Error("two folders");
  await Promise.all([main, root].map((each) => mkdir(each, { recursive: true })));
  const template = join(main, ".env.template");
  writeFileSync(template, MAIN);
  const own = join(root, ".env.template");
  if (branch.text !== undefined) writeFileSync(own, branch.text);
  if (branch.link !== undefined) symlinkSync(branch.link, own);
  return await readBranchTemplate({ root: main }, template, root);
}

test("the branch's own, with whatever programs only read, and main's where it has none", async () => {
  const text = `${MAIN}LEVEL=debug\nOTHER={url}\n`;
  expect(await read({ text })).toBe(text);
  expect(await read({ text: "LEVEL=debug\n" })).toBe("LEVEL=debug\n");
  expect(await read({})).toBe(MAIN);
});

test.each([
  ["NODE_OPTIONS=--require=./evil.cjs", "NODE_OPTIONS"],
  ["export ld_preload='./evil.so'", "ld_preload"],
  ["PATH: ./bin", "PATH"],
  ["HTTPS_PROXY=http://{host}:1", "HTTPS_PROXY"],
])("nothing that changes programs and was not approved: %s", async (line, name) => {
  await expect(read({ text: `${MAIN}${line}\n` })).rejects.toMatchObject({
    ...{ code: "not_trusted", exit: 5, message: expect.stringContaining(name) },
  });
});

test("no file beside the worktree", async () => {
  const secret = join(folder, "secret");
  writeFileSync(secret, "PASSWORD=x\n");
  await expect(read({ link: secret })).rejects.toMatchObject({ code: "not_trusted", exit: 5 });
});
