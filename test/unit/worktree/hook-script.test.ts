import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXIT } from "../../../src/errors.ts";
import {
  addHookBlock,
  findByHook,
  findForeignInterpreter,
  type HookName,
  removeHookBlock,
} from "../../../src/worktree/hook-script.ts";

const file = "post-checkout";
const program = "/opt/it's here/pgrove";
const options = { hook: "post-checkout" as const, program, file };

const HOOKS: readonly (readonly [string, string, number])[] = [
  ["a script", "#!/bin/sh\necho x\n", 1],
  ["one with options", "#!/bin/bash -eu\nexec other\n", 1],
  ["one without a first line", "echo x\n", 0],
  ["one without a last line break", "#!/bin/sh\necho x", 1],
  ["husky 8's", '#!/usr/bin/env sh\n. "$(dirname -- "$0")/_/husky.sh"\n\nnpm test\n', 2],
];

describe("addHookBlock and removeHookBlock", () => {
  test.each(HOOKS)("%s keeps its lines, with ours before them", (_, text, before) => {
    const written = addHookBlock(text, options);
    const lines = written.split("\n");
    expect(lines.slice(0, before)).toEqual(text.split("\n").slice(0, before));
    expect(lines[before]).toStartWith("# >>> pgrove: ");
    expect(addHookBlock(written, options)).toBe(written);
    expect(removeHookBlock(written, file)).toBe(text);
  });

  test("a new hook has nothing else in it, and nothing is left of it", () => {
    const written = addHookBlock(undefined, options);
    expect(written).toStartWith("#!/bin/sh\n# >>> pgrove: ");
    expect(removeHookBlock(written, file)).toBe("");
  });

  test("an older block is renewed where it stands", () => {
    const old = "#!/bin/sh\nfirst\n# >>> pgrove: old\npgrove old\n# <<< pgrove\nlast\n";
    const renewed = addHookBlock(old, options);
    expect(renewed).toMatch(/^#!\/bin\/sh\nfirst\n# >>> pgrove: [\s\S]*\n# <<< pgrove\nlast\n$/);
    expect(renewed).not.toContain("pgrove old");
  });

  test("a hook without a block has nothing to remove; a broken block is said with its line", () => {
    expect(removeHookBlock("#!/bin/sh\n", file)).toBeUndefined();
    const broken = "#!/bin/sh\n# >>> pgrove\n";
    const complaint = expect.objectContaining({ exit: EXIT.config, message: expect.stringContaining(`${file}:2  `) });
    expect(() => addHookBlock(broken, options)).toThrow(complaint);
    expect(() => removeHookBlock(broken, file)).toThrow(complaint);
  });
});

test.each([
  ["#!/bin/sh\n", undefined],
  ["#! /usr/bin/env bash\n", undefined],
  ["#!/usr/bin/env -S LC_ALL=C zsh -e\n", undefined],
  ["echo no first line\n", undefined],
  ["", undefined],
  ["#!/usr/bin/env python3\n", "python3"],
  ["#!/usr/bin/node\n", "node"],
  ["#!/usr/bin/fish", "fish"],
  ["#!\n", "an unknown program"],
])("%j is run by %p", (text, expected) => {
  expect(findForeignInterpreter(text)).toBe(expected);
});

describe.each(["dash", "bash", "busybox"].filter((shell) => Bun.which(shell) !== null))("run by %s", (shell) => {
  let base = "";
  const bin = () => join(base, "home/.local/bin");

  beforeAll(() => {
    base = mkdtempSync(join(tmpdir(), "pgrove-hook-script-"));
    mkdirSync(bin(), { recursive: true });
    writeProgram(join(bin(), "pgrove"), 'echo "called $*"; cat; exit 9');
  });
  afterAll(() => rmSync(base, { recursive: true }));

  function writeProgram(path: string, script: string): void {
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o755);
  }

  /** Runs a hook with this text around the block, under `set -eu`, on the PATH that a desktop gives its programs. */
  function runHook(hook: HookName, args: string[], env: Record<string, string> = {}, known?: string) {
    const folder = mkdtempSync(join(base, "repo-"));
    if (env.CONFIG !== "none") writeFileSync(join(folder, env.CONFIG ?? "pgrove.yaml"), "");
    const text = addHookBlock('#!/bin/sh\necho "then $# $(cat)"\nexit 5\n', { hook, program: known, file: hook });
    writeFileSync(join(folder, hook), text);
    const command = [...(shell === "busybox" ? ["busybox", "sh"] : [shell]), "-eu", hook, ...args];
    const environment = { PATH: "/usr/bin:/bin", HOME: join(base, "home"), ...env };
    const run = Bun.spawnSync(command, { cwd: folder, env: environment, stdin: new Blob(["input"]), stdout: "pipe" });
    return { code: run.exitCode, said: run.stdout.toString().trimEnd().split("\n") };
  }

  const SWITCH = ["old", "new", "1"];

  test("it calls pgrove, found in the usual places, which may fail; the rest has its arguments, input and status", () => {
    expect(runHook("post-checkout", SWITCH)).toEqual({
      code: 5,
      said: ["called __hook post-checkout old new 1", "then 3 input"],
    });
    expect(runHook("post-merge", ["0"], { CONFIG: "pgrove.yml" }).said[0]).toBe("called __hook post-merge 0");
  });

  test("the program that installed it comes first, as long as it is there", () => {
    const known = join(base, "it's known");
    writeProgram(known, "echo known");
    expect(runHook("post-checkout", SWITCH, {}, known).said[0]).toBe("known");
    expect(runHook("post-checkout", SWITCH, {}, join(base, "gone")).said[0]).toStartWith("called");
  });

  test("of a push pgrove has the input, and what follows has it, too; whatever pgrove says but 6, the push goes on", () => {
    const said = ["called __hook pre-push origin url", "input", "then 2 input"];
    expect(runHook("pre-push", ["origin", "url"])).toEqual({ code: 5, said });
  });

  test("when pgrove ends with 6, the push is stopped, and nothing that follows is run", () => {
    const known = join(base, "checks");
    writeProgram(known, "cat; echo; exit 6");
    expect(runHook("pre-push", ["origin", "url"], {}, known)).toEqual({ code: 1, said: ["input"] });
    const skipped = runHook("pre-push", ["origin", "url"], { PGROVE_SKIP_HOOKS: "1" }, known);
    expect(skipped).toEqual({ code: 5, said: ["then 2 input"] });
  });

  test.each<[string, HookName, string[], Record<string, string>]>([
    ["a push where pgrove is not installed", "pre-push", ["origin", "url"], { HOME: "/nowhere" }],
    ["a checkout of files", "post-checkout", ["old", "new", "0"], {}],
    ["a squash", "post-merge", ["1"], {}],
    ["PGROVE_SKIP_HOOKS=1", "post-checkout", SWITCH, { PGROVE_SKIP_HOOKS: "1" }],
    ["no pgrove.yaml", "post-checkout", SWITCH, { CONFIG: "none" }],
    ["no pgrove anywhere", "post-checkout", SWITCH, { HOME: "/nowhere" }],
    ["no variables at all", "post-checkout", SWITCH, { PATH: "/usr/bin:/bin", HOME: "" }],
  ])("%s: nothing happens", (_, hook, args, env) => {
    expect(runHook(hook, args, env)).toEqual({ code: 5, said: [`then ${args.length} input`] });
  });
});

test("the program is found by its name where the hook itself would look", () => {
  const home = mkdtempSync(join(tmpdir(), "pgrove-hook-home-"));
  const own = join(home, ".local/bin/pgrove");
  const environment = { PATH: join(home, "bin"), HOME: home };
  const before = findByHook(environment);
  mkdirSync(join(home, ".local/bin"), { recursive: true });
  writeFileSync(own, "#!/bin/sh\n", { mode: 0o755 });
  expect([before === own, findByHook(environment)]).toEqual([false, own]);
  rmSync(home, { recursive: true });
});
