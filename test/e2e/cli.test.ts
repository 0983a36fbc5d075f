/** The command line's manners, on the compiled program: words, exit codes, streams, terminals, strangers' folders. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { binary, type Outcome, TestRepo } from "./support.ts";

let repo: TestRepo;

beforeAll(async () => {
  repo = await TestRepo.create();
});

afterAll(async () => {
  await repo.remove();
});

function errorOf({ stderr }: Outcome): { code: string; message: string; hint: string | null } {
  const document: unknown = JSON.parse(stderr);
  return Object(document).error;
}

describe("help and version", () => {
  test("--version says one line", async () => {
    const { version } = JSON.parse(readFileSync(join(import.meta.dir, "../../package.json"), "utf8"));
    for (const args of [["--version"], ["-V"], ["status", "--version"]]) {
      expect(await repo.run(args)).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
    }
    const json = JSON.parse((await repo.run(["--version", "--json"])).stdout);
    expect(json).toEqual({ version: 1, pgrove_version: version });
  });

  test("alone, with --help, and with help it shows the overview on stdout", async () => {
    const alone = await repo.run([]);
    expect(alone.code).toBe(0);
    expect(alone.stderr).toBe("");
    expect(alone.stdout).toContain("usage: pgrove <command>");
    for (const args of [["--help"], ["-h"], ["help"]]) expect(await repo.run(args)).toEqual(alone);
  });

  test("a command's help is the same three ways, whatever else stands on the line", async () => {
    const help = await repo.run(["dumps", "list", "--help"]);
    expect(help.code).toBe(0);
    expect(help.stdout).toContain("usage: pgrove dumps list");
    expect(await repo.run(["help", "dumps", "ls"])).toEqual(help);
    expect(await repo.run(["-q", "dumps", "-h", "list", "--wrong"])).toEqual(help);
    expect((await repo.run(["dumps", "--help"])).stdout).toContain("usage: pgrove dumps <command>");
  });
});

test("the limits of connections count that the env file sets, whether or not pgrove.yaml asks that file for anything", async () => {
  await repo.write("limits/pgrove.yaml", 'project: limits\nserver: {url: "postgres://u@127.0.0.1:1/d"}\n');
  await repo.write("limits/.env", "DB_MAX_CONNS=3\n");
  expect((await repo.run(["env"], { cwd: "limits" })).stdout).toContain("DB_MAX_CONNS=3\n");
});

test("neither pgrove nor what it starts leaves a core dump, with the passwords in it", async () => {
  await repo.write("bin/docker", '#!/bin/sh\nulimit -c >>"$0.limit"\nexit 1\n');
  const configured = "project: x\nserver: {container: none}\n";
  await repo.write("limited/pgrove.yaml", configured);
  const script = `chmod +x bin/docker; ulimit -c unlimited; cd limited; PATH="$PWD/../bin:$PATH" ${binary} status`;
  expect((await repo.runProgram(["sh", "-c", script])).code).not.toBe(0); // this docker knows no container
  expect(readFileSync(join(repo.root, "bin/docker.limit"), "utf8")).toStartWith("0\n");
});

describe("what was typed wrongly", () => {
  test.each([
    [["sttaus"], "there is no command pgrove sttaus", "did you mean pgrove status?"],
    [["toString"], "there is no command pgrove toString", "pgrove --help"],
    [["__proto__"], "there is no command pgrove __proto__", "pgrove --help"],
    [["dumps"], "pgrove dumps needs one of: list", "pgrove dumps --help"],
    [["dumps", "lsit"], "there is no command pgrove dumps lsit", "did you mean pgrove dumps list?"],
    [["status", "--jsno"], "there is no option --jsno here", "did you mean --json?"],
    [["--wrong", "status"], "there is no option --wrong here", "--help"],
    [["status", "main", "more"], 'one argument too many: "more"', "[TARGET]"],
    [["url", "-t"], "-t needs a value", "pgrove url --help"],
    [["sql", "--format", "xml"], "--format takes table, csv, json", "pgrove sql --help"],
    [["history", "--limit", "0"], "--limit takes a whole number", "pgrove history --help"],
    [["help", "sttaus"], "there is no command", "did you mean"],
  ])("%j: exit 2, nothing on stdout, a hint", async (args, message, hint) => {
    const { code, stdout, stderr } = await repo.run(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^error: /);
    expect(stderr).toContain(message);
    expect(stderr).toContain(hint);
  });

  test("under --json the error is a document on stderr", async () => {
    const outcome = await repo.run(["--json", "status", "--wrong"]);
    expect({ code: outcome.code, stdout: outcome.stdout }).toEqual({ code: 2, stdout: "" });
    expect(errorOf(outcome)).toMatchObject({ code: "usage", message: "there is no option --wrong here" });
  });
});

describe("without a pgrove.yaml", () => {
  test("exit 3 with the next command", async () => {
    const { code, stderr } = await repo.run(["url"]);
    expect(code).toBe(3);
    expect(stderr).toContain("hint:  pgrove init");
  });

  test("a URL is a target; the password is in the answer only", async () => {
    const url = "postgres://me:hidden-word@db.example:6543/shop";
    const plain = await repo.run(["url", url]);
    expect(plain).toEqual({ code: 0, stdout: `${url}\n`, stderr: "" });
    const json = JSON.parse((await repo.run(["url", "-t", url, "--json"])).stdout);
    expect(json).toEqual({ version: 1, target: "shop", url, url_redacted: "postgres://me@db.example:6543/shop" });
    const failed = await repo.run(["status", "postgres://me:hidden-word@127.0.0.1:1/shop"]);
    expect(failed.code).toBe(4);
    expect(failed.stdout + failed.stderr).not.toContain("hidden-word");
  });

  test("--env-file and the environment's variables are targets", async () => {
    await repo.write("some.env", "DATABASE_URL=postgres://a:b@h/d\n");
    expect((await repo.run(["url", "--env-file", "some.env"])).stdout).toBe("postgres://a:b@h:5432/d\n");
    const env = { DATABASE_HOST: "h2", DATABASE_NAME: "d2", DATABASE_USER: "u2" };
    expect((await repo.run(["url"], { env })).stdout).toBe("postgres://u2@h2:5432/d2\n");
  });
});

test("a variable in pgrove.yaml comes from the environment, then from --env-file or the env file beside it", async () => {
  const other = await TestRepo.create({
    "pgrove.yaml": `project: x\nserver: {url: "postgres://u@\${DB_SERVER}/x"}\n`,
    ".env": "DB_SERVER=beside\n",
    "given.env": "DB_SERVER=given\n",
  });
  expect((await other.run(["url"])).stdout).toBe("postgres://u@beside:5432/x\n");
  expect((await other.run(["url", "main", "--env-file", "given.env"])).stdout).toBe("postgres://u@given:5432/x\n");
  expect((await other.run(["url"], { env: { DB_SERVER: "shell" } })).stdout).toBe("postgres://u@shell:5432/x\n");
  await other.write(".env", "");
  expect(await other.run(["url"])).toMatchObject({ code: 3, stdout: "" });
  await other.remove();
});

describe("a broken pgrove.yaml", () => {
  test("every mistake with its place, exit 3", async () => {
    const broken = await TestRepo.create({ "pgrove.yaml": "project: onyx\nserver: {locla: {}}\ndumps: {kep: {}}\n" });
    const { code, stdout, stderr } = await broken.run(["status"]);
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toContain("pgrove.yaml:2:");
    expect(stderr).toContain("pgrove.yaml:3:");
    expect(stderr).toContain('did you mean "local"?');
    await broken.remove();
  });
});

test("a stranger's .env and bunfig.toml in the current folder are not loaded, let alone run", async () => {
  const hostile = await TestRepo.create({
    ".env": "DATABASE_URL=postgres://stranger/stolen\nBUN_OPTIONS=--preload ./evil.ts\n",
    "bunfig.toml": 'preload = ["./evil.ts"]\n',
    "evil.ts": 'require("node:fs").writeFileSync("ran", "");\n',
  });
  expect((await hostile.run(["--version"])).code).toBe(0);
  expect((await hostile.run(["url"])).code).toBe(3);
  expect(existsSync(join(hostile.root, "ran"))).toBe(false);
  await hostile.remove();
});

describe("streams", () => {
  test("a reader that leaves early ends it quietly", async () => {
    const { code, stdout, stderr } = await repo.runProgram([
      "bash",
      "-c",
      `set -o pipefail; "${binary}" completions zsh | head -n 1`,
    ]);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "#compdef pgrove\n", stderr: "" });
    const closed = await repo.runProgram(["bash", "-c", `"${binary}" --help >&-; echo "$?"`]);
    expect(closed.stdout.trim()).toMatch(/^[01]$/);
  });

  test("a full disk is said", async () => {
    const full = await repo.runProgram(["bash", "-c", `"${binary}" --help > /dev/full`]);
    expect(full).toMatchObject({ code: 1, stdout: "" });
    expect(full.stderr).toContain("no space is left");
  });
});

describe("colours", () => {
  const ESCAPE = "\u001b[";

  test("on a terminal, unless NO_COLOR, CI, TERM=dumb or --no-color say otherwise", async () => {
    expect((await repo.runOnTerminal(["--help"])).shown).toContain(ESCAPE);
    expect((await repo.runOnTerminal(["--help", "--no-color"])).shown).not.toContain(ESCAPE);
    const wishes: Record<string, string>[] = [{ NO_COLOR: "1" }, { CI: "1" }, { TERM: "dumb" }];
    for (const env of wishes) expect((await repo.runOnTerminal(["--help"], [], env)).shown).not.toContain(ESCAPE);
  });

  test("never in a pipe", async () => {
    expect((await repo.run(["--help"])).stdout).not.toContain(ESCAPE);
    expect((await repo.run(["wrong"])).stderr).not.toContain(ESCAPE);
  });
});

describe("repos", () => {
  test("a name for -C, from anywhere", async () => {
    const other = await TestRepo.create({ "pgrove.yaml": "project: onyx\nserver: {url: postgres://u@h/onyx}\n" });
    expect((await repo.run(["repos", "add", "onyx", other.root])).code).toBe(0);
    expect((await repo.run(["-C", "onyx", "url"])).stdout).toBe("postgres://u@h:5432/onyx\n");
    expect((await repo.run(["url", "-C", other.root])).stdout).toBe("postgres://u@h:5432/onyx\n");
    const list = JSON.parse((await repo.run(["repos", "list", "--json"])).stdout);
    expect(list).toEqual({ version: 1, repos: [{ name: "onyx", path: other.root }] });
    expect((await repo.run(["repos", "remove", "onyx"])).code).toBe(0);
    expect((await repo.run(["-C", "onyx", "url"])).code).toBe(4);
    await other.remove();
  });
});

describe("completions", () => {
  /** What bash would offer for the line, with the cursor at its end. */
  async function completeInBash(line: string, word: string): Promise<string[]> {
    const script = [
      'eval "$(pgrove completions bash)"',
      `COMP_LINE='${line}'; COMP_POINT=\${#COMP_LINE}; COMP_WORDS=(pgrove '${word}'); COMP_CWORD=1`,
      `_pgrove; printf '%s\\n' "\${COMPREPLY[@]}"`,
    ].join("\n");
    const path = `${join(binary, "..")}:${process.env.PATH}`;
    const { stdout, stderr } = await repo.runProgram(["bash", "-c", script], { env: { PATH: path } });
    expect(stderr).toBe("");
    return stdout.split("\n").filter((each) => each !== "");
  }

  test("bash: commands, options, targets, and words that bash itself cuts", async () => {
    await repo.write(
      "pgrove.yaml",
      "project: onyx\nserver: {url: postgres://u@h/onyx}\nenvironments: {staging: {env_file: .env.staging}}\n",
    );
    expect(await completeInBash("pgrove rest", "rest")).toEqual(["restart", "restore"]);
    expect(await completeInBash("pgrove dumps ", "")).toEqual([
      "list",
      "show",
      "verify",
      "prune",
      "pin",
      "unpin",
      "adopt",
      "remove",
      "push",
      "pull",
    ]);
    expect(await completeInBash("pgrove url ", "")).toEqual(["main", "@staging"]);
    expect(await completeInBash("pgrove url @st", "st")).toEqual(["staging"]);
    expect(await completeInBash("pgrove sql --format=c", "c")).toEqual(["csv"]);
    mkdirSync(join(repo.home, "data/pgrove/dumps/onyx"), { recursive: true });
    writeFileSync(join(repo.home, "data/pgrove/dumps/onyx/main-20260115-143022.dump"), "");
    expect(await completeInBash("pgrove restore ma", "ma")).toEqual(["main-20260115-143022.dump"]);
  });

  test("bash: a name that a shell would act upon is quoted, and one that a terminal would act upon is left out", async () => {
    const store = join(repo.home, "data/pgrove/dumps/onyx");
    await repo.write("pgrove.yaml", "project: onyx\nserver: {url: postgres://u@h/onyx}\n");
    for (const name of ["odd $(touch pwned);.dump", "odd\u001b[8m.dump", "odd\nmain.dump"]) {
      await Bun.write(join(store, name), "");
    }
    expect(await completeInBash("pgrove restore odd", "odd")).toEqual(["odd\\ \\$\\(touch\\ pwned\\)\\;.dump"]);
  });

  test.each(["zsh", "fish"])("%s: the script asks the program", async (shell) => {
    expect((await repo.run(["completions", shell])).stdout).toContain("__complete --");
  });

  test("another shell is refused", async () => {
    expect(await repo.run(["completions", "tcsh"])).toMatchObject({ code: 2, stdout: "" });
  });
});
