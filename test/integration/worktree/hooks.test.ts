/** Real git, its hooks, and a program that stands for pgrove and writes down how it was called. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  chmod,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { EXIT } from "../../../src/errors.ts";
import { findRepository } from "../../../src/repo/git.ts";
import { findHookPlace, type HookPlace } from "../../../src/repo/hook-place.ts";
import { systemRunner } from "../../../src/sys/process.ts";
import { inspectHooks, installHooks, uninstallHooks } from "../../../src/worktree/hooks.ts";
import { run, runOk } from "../../support/engine/run.ts";

const FIXTURES = join(import.meta.dir, "../../support/fixtures/hooks");

let base = "";
let count = 0;
let program = "";
let calls = "";

beforeAll(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), "pgrove-hooks-")));
  calls = join(base, "calls");
  program = join(base, "bin/pgrove");
  await write(program, `#!/bin/sh\necho "$*" >> ${calls}\nexit 7\n`, 0o755);
  await write(join(base, "bin/lefthook"), `#!/bin/sh\necho "lefthook $*" >> ${calls}\n`, 0o755);
});
afterAll(async () => {
  await rm(base, { recursive: true });
});

async function write(path: string, text: string, mode = 0o644): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  await chmod(path, mode);
}

interface Repo {
  root: string;
  git(...args: string[]): Promise<string>;
  place(): Promise<HookPlace>;
  /** What was called while the body ran: pgrove's arguments, and what other hooks have written. */
  called(body: () => Promise<unknown>): Promise<string[]>;
}

/** A repository with a pgrove.yaml, and two branches that differ. */
async function makeRepo(): Promise<Repo> {
  const root = join(base, `r${count++}`);
  const environment = { PATH: `${join(base, "bin")}:${process.env.PATH}`, GIT_CONFIG_GLOBAL: "/dev/null" };
  const author = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
  const git = (...args: string[]) => runOk("git", ["-C", root, ...author, ...args], { env: environment });
  await mkdir(root);
  await git("init", "-q", "-b", "main");
  await write(join(root, "pgrove.yaml"), "project: x\nserver: {container: x}\n");
  await git("add", "-A");
  await git("commit", "-qm", "first");
  await git("branch", "other");
  await git("commit", "-q", "--allow-empty", "-m", "second");
  const place = async () => {
    const repository = await findRepository(root, systemRunner);
    if (repository === undefined) throw new Error(`${root} is no repository`);
    return await findHookPlace(repository, systemRunner);
  };
  const called = async (body: () => Promise<unknown>) => {
    await rm(calls, { force: true });
    await body();
    const text = await readFile(calls, "utf8").catch(() => "");
    return text.split("\n").filter((line) => line !== "");
  };
  return { root, git, place, called };
}

/** Every file below a folder, with its text and mode. */
async function readTree(folder: string): Promise<Record<string, string>> {
  const names = await readdir(folder, { recursive: true });
  const found: Record<string, string> = {};
  for (const name of names.sort()) {
    const entry = await stat(join(folder, name));
    if (entry.isFile()) found[name] = `${entry.mode.toString(8)} ${await readFile(join(folder, name), "utf8")}`;
  }
  return found;
}

interface Layout {
  says: string;
  /** Makes the hooks that were there before; resolves with the folder that they are in. */
  make(repo: Repo): Promise<string>;
  /** What they themselves write down at a switch. */
  theirs: string[];
}

const SAY = (text: string) => `echo "${text}" >> ${calls}`;

const LAYOUTS: readonly Layout[] = [
  { says: "no hooks", make: async ({ root }) => join(root, ".git/hooks"), theirs: [] },
  {
    says: "a hook that ends with exec",
    make: async ({ root }) => {
      await write(
        join(root, ".git/hooks/post-checkout"),
        `#!/bin/bash\nset -eu\nexec sh -c '${SAY("theirs")}'\n`,
        0o755,
      );
      return join(root, ".git/hooks");
    },
    theirs: ["theirs"],
  },
  {
    says: "a hook that ends with exit",
    make: async ({ root }) => {
      await write(join(root, ".git/hooks/post-checkout"), `#!/bin/sh -e\n${SAY("theirs $3")}\nexit 0\n`, 0o700);
      return join(root, ".git/hooks");
    },
    theirs: ["theirs 1"],
  },
  {
    says: "core.hooksPath inside the repository",
    make: async ({ root, git }) => {
      await git("config", "core.hooksPath", "tools/hooks");
      await write(join(root, "tools/hooks/post-checkout"), `#!/bin/sh\n${SAY("theirs")}\n`, 0o755);
      return join(root, "tools/hooks");
    },
    theirs: ["theirs"],
  },
  {
    says: "husky 9",
    make: async ({ root, git }) => {
      await git("config", "core.hooksPath", ".husky/_");
      await cp(join(FIXTURES, "husky-9"), join(root, ".husky/_"), { recursive: true });
      for (const name of ["post-checkout", "post-merge", "pre-push"]) {
        await cp(join(FIXTURES, "husky-9/post-checkout"), join(root, ".husky/_", name)); // they are all the same
        await chmod(join(root, ".husky/_", name), 0o755);
      }
      await write(join(root, ".husky/post-checkout"), `${SAY("theirs")}\n`);
      return join(root, ".husky");
    },
    theirs: ["theirs"],
  },
  {
    says: "husky 8, which starts a hook a second time",
    make: async ({ root, git }) => {
      await git("config", "core.hooksPath", ".husky");
      const again = 'if [ -z "$again" ]; then export again=1; sh -e "$0" "$@"; exit $?; fi\n';
      await write(join(root, ".husky/_/husky.sh"), again);
      const hook = `#!/usr/bin/env sh\n. "$(dirname -- "$0")/_/husky.sh"\n\n${SAY("theirs")}\n`;
      await write(join(root, ".husky/post-checkout"), hook, 0o755);
      return join(root, ".husky");
    },
    theirs: ["theirs"],
  },
  {
    says: "lefthook",
    make: async ({ root }) => {
      await write(join(root, "lefthook.yml"), "post-checkout:\n  commands: {say: {run: 'true'}}\n");
      const generated = await readFile(join(FIXTURES, "lefthook-post-checkout"), "utf8");
      await write(join(root, ".git/hooks/post-checkout"), generated, 0o755);
      return join(root, ".git/hooks");
    },
    theirs: ["lefthook -h", "lefthook run post-checkout"],
  },
];

describe.each([...LAYOUTS])("with $says", ({ make, theirs }) => {
  test("ours runs once beside theirs; twice is as good as once; uninstall leaves every byte as it was", async () => {
    const repo = await makeRepo();
    const folder = await make(repo);
    const [from, to] = (await repo.git("rev-parse", "main", "other")).split("\n");
    const before = await readTree(folder);
    const place = await repo.place();
    expect(place).toMatchObject({ folder, outside: false, shared: !folder.includes(".git/") });

    const changes = (await installHooks(place, program)).map(({ hook, change }) => `${hook} ${change}`);
    expect(changes).toEqual(["post-checkout installed", "post-merge installed", "pre-push installed"]);
    const installed = await readTree(folder);
    expect((await installHooks(place, program)).map(({ change }) => change)).toEqual([
      "unchanged",
      "unchanged",
      "unchanged",
    ]);
    expect(await readTree(folder)).toEqual(installed);
    expect(await inspectHooks(place, program)).toMatchObject([
      { state: "installed", runs: true },
      { state: "installed", runs: true },
      { state: "installed", runs: true },
    ]);

    const called = await repo.called(() => repo.git("switch", "-q", "other"));
    expect(called[0]).toBe(`__hook post-checkout ${from} ${to} 1`);
    expect(called.slice(1).map((line) => line.replace(` ${from} ${to} 1`, ""))).toEqual(theirs);
    const merged = await repo.called(() => repo.git("merge", "-q", "main"));
    expect(merged).toContain("__hook post-merge 0");

    expect((await uninstallHooks(place)).map(({ change }) => change)).toEqual(["removed", "removed", "removed"]);
    expect(await readTree(folder)).toEqual(before);
    expect((await uninstallHooks(place)).map(({ change }) => change)).toEqual(["absent", "absent", "absent"]);
  });
});

test("a committed hook names no path of this machine, one in git's own folder does", async () => {
  const [plain, committed] = [await makeRepo(), await makeRepo()];
  await committed.git("config", "core.hooksPath", "hooks");
  for (const [repo, expected] of [
    [plain, true],
    [committed, false],
  ] as const) {
    const [first] = await installHooks(await repo.place(), program);
    expect((await readFile(first?.path ?? "", "utf8")).includes(program)).toBe(expected);
  }
});

test("after another pgrove, or an update by the hook's own manager, status says so and install renews", async () => {
  const repo = await makeRepo();
  const place = await repo.place();
  await installHooks(place, "/old/place/of/pgrove");
  expect((await inspectHooks(place, program)).map(({ state }) => state)).toEqual(["old", "old", "old"]);
  expect((await installHooks(place, program)).map(({ change }) => change)).toEqual(["renewed", "renewed", "renewed"]);
  await write(join(repo.root, ".git/hooks/post-checkout"), "#!/bin/sh\n", 0o755);
  await chmod(join(repo.root, ".git/hooks/post-merge"), 0o644);
  expect(await inspectHooks(place, program)).toMatchObject([
    { state: "absent" },
    { state: "installed", runs: false },
    { state: "installed", runs: true },
  ]);
});

test("from a linked worktree they are the repository's own, and its making calls them", async () => {
  const repo = await makeRepo();
  await installHooks(await repo.place(), program);
  const linked = `${repo.root}-linked`;
  const commit = (await repo.git("rev-parse", "main")).trim();
  const called = await repo.called(() => repo.git("worktree", "add", "-q", linked));
  expect(called).toEqual([`__hook post-checkout ${"0".repeat(40)} ${commit} 1`]);
  const repository = await findRepository(linked, systemRunner);
  if (repository === undefined) throw new Error("no repository");
  expect(await findHookPlace(repository, systemRunner)).toMatchObject({ folder: join(repo.root, ".git/hooks") });
});

describe("hooks that git does not look for in a folder", () => {
  const PLACES: readonly (readonly [string, (repo: Repo) => Promise<string>])[] = [
    [
      "core.hooksPath=/dev/null",
      async ({ git }) => {
        await git("config", "core.hooksPath", "/dev/null");
        return "git config --local --unset core.hooksPath";
      },
    ],
    [
      "a file in their place",
      async ({ root }) => {
        await rm(join(root, ".git/hooks"), { recursive: true, force: true });
        await write(join(root, ".git/hooks"), "");
        return `rm '${join(root, ".git/hooks")}'`;
      },
    ],
  ];
  test.each([...PLACES])(
    "%s: install says so and how to switch them on, status and uninstall find none",
    async (_, make) => {
      const repo = await makeRepo();
      const hint = await make(repo);
      const place = await repo.place();
      const refused = { code: "hooks_off", exit: EXIT.refused, hint: expect.stringContaining(hint) };
      await expect(installHooks(place, program)).rejects.toMatchObject(refused);
      expect((await inspectHooks(place, program)).map(({ state }) => state)).toEqual(["absent", "absent", "absent"]);
      expect((await uninstallHooks(place)).map(({ change }) => change)).toEqual(["absent", "absent", "absent"]);
    },
  );
});

test("lines that pre-commit has moved aside with their hook are found there, and are not written twice", async () => {
  const repo = await makeRepo();
  await write(join(repo.root, ".pre-commit-config.yaml"), "repos: []\n");
  const place = await repo.place();
  expect(place.manager).toBe("pre-commit");
  await installHooks(place, program);
  const hook = join(repo.root, ".git/hooks/post-checkout");
  await rename(hook, `${hook}.legacy`);
  const theirs = `#!/bin/sh\n"$0.legacy" "$@"\n${SAY("theirs")}\n`;
  await write(hook, theirs, 0o755);
  expect((await inspectHooks(place, program))[0]).toMatchObject({
    path: `${hook}.legacy`,
    state: "installed",
    runs: true,
  });
  expect((await installHooks(place, program))[0]).toMatchObject({ change: "unchanged" });
  const called = await repo.called(() => repo.git("switch", "-q", "other"));
  expect(called.filter((line) => line.startsWith("__hook"))).toHaveLength(1);
  expect((await uninstallHooks(place))[0]).toMatchObject({ change: "removed", path: `${hook}.legacy` });
  expect(await readFile(hook, "utf8")).toBe(theirs);
});

test("who else writes the hooks is known by the files in the repository", async () => {
  const managers = {
    "lefthook.yml": "lefthook",
    ".lefthook.toml": "lefthook",
    ".pre-commit-config.yaml": "pre-commit",
    ".simple-git-hooks.json": "simple-git-hooks",
  };
  for (const [file, manager] of Object.entries(managers)) {
    const repo = await makeRepo();
    await write(join(repo.root, file), "");
    expect((await repo.place()).manager).toBe(manager as HookPlace["manager"]);
  }
  const repo = await makeRepo();
  await write(join(repo.root, "package.json"), '{"simple-git-hooks": {"pre-commit": "true"}}');
  expect((await repo.place()).manager).toBe("simple-git-hooks");
});

describe("a hook that pgrove cannot write into is refused, and none is changed", () => {
  const CASES: readonly (readonly [string, string | Uint8Array, number, string])[] = [
    ["python", "#!/usr/bin/env python3\nprint()\n", 0o755, "hook_foreign"],
    ["a program", new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 0, 0xff]), 0o755, "hook_foreign"],
    ["switched off", "#!/bin/sh\necho never\n", 0o644, "hook_switched_off"],
  ];
  test.each([...CASES])("%s", async (_, content, mode, code) => {
    const repo = await makeRepo();
    const hooks = join(repo.root, ".git/hooks");
    const path = join(hooks, "post-merge");
    await writeFile(path, content);
    await chmod(path, mode);
    const before = await readTree(hooks);
    await expect(installHooks(await repo.place(), program)).rejects.toMatchObject({ code, exit: EXIT.refused });
    expect(await readTree(hooks)).toEqual(before);
  });

  test("a link that leads out of the repository; one that stays inside is followed", async () => {
    const repo = await makeRepo();
    const [elsewhere, hook] = [join(base, "elsewhere"), join(repo.root, ".git/hooks/post-checkout")];
    await write(elsewhere, "#!/bin/sh\n", 0o755);
    await symlink(elsewhere, hook);
    await expect(installHooks(await repo.place(), program)).rejects.toMatchObject({ code: "link_escapes" });
    expect(await readFile(elsewhere, "utf8")).toBe("#!/bin/sh\n");
    await rm(hook);
    await write(join(repo.root, "scripts/hook"), "#!/bin/sh\n", 0o755);
    await symlink("../../scripts/hook", hook);
    await installHooks(await repo.place(), program);
    expect(await readFile(join(repo.root, "scripts/hook"), "utf8")).toContain("__hook post-checkout");
  });
});

test("a folder of hooks outside the repository is known as such", async () => {
  const repo = await makeRepo();
  await repo.git("config", "core.hooksPath", join(base, "global-hooks"));
  expect(await repo.place()).toMatchObject({ outside: true, shared: false });
  expect((await run("ls", [join(base, "global-hooks")])).code).not.toBe(0);
});
