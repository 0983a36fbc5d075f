// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are written so
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are what is tested
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  findConfigFile,
  type LoadOptions,
  loadConfig,
  pathInWorktree,
  requireNoMissing,
} from "../../../src/config/load-config.ts";
import { EXIT, PgroveError } from "../../../src/errors.ts";
import { cpuMsOf } from "../../support/cpu-time.ts";
import { patiently } from "../../support/patience.ts";

const SMALLEST = "project: onyx\nserver: {local: {}}\n";

let base = "";
let dir = "";
let next = 0;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), "pgrove-load-"));
});
afterAll(async () => {
  await rm(base, { recursive: true });
});

/** A repository of its own, with this pgrove.yaml. */
async function place(content: string | Uint8Array): Promise<string> {
  dir = join(base, `repo${next++}`);
  await mkdir(join(dir, ".git"), { recursive: true });
  const file = join(dir, "pgrove.yaml");
  await writeFile(file, content);
  return file;
}

async function load(content: string | Uint8Array, options: Partial<LoadOptions> = {}) {
  return await loadConfig(await place(content), { environment: {}, ...options });
}

/** The error's message, after making sure that it is a configuration error. */
async function mistakesOf(content: string | Uint8Array, options: Partial<LoadOptions> = {}): Promise<string> {
  try {
    await load(content, options);
  } catch (error) {
    if (!(error instanceof PgroveError)) throw error;
    expect(error.exit).toBe(EXIT.config);
    return error.message;
  }
  throw new Error("it was accepted");
}

describe("what is right", () => {
  test("the smallest file gets every default", async () => {
    const { config, secrets, missing, root } = await load(SMALLEST);
    expect(config).toEqual({
      project: "onyx",
      isolation: "database",
      hooks: { start: true },
      checks: {},
      notify: [],
      server: { kind: "local", version: undefined },
      database: { schema: "public" },
      env: { file: join(dir, ".env"), set: { DATABASE_URL: "{url}" }, others: undefined },
      ports: {},
      worktrees: {
        ...{ dir: "../{repo}-worktrees/{name}", data: "copy", share: [], share_mode: "auto" },
        ...{ setup: [], teardown: [] },
      },
      services: [],
      migrations: {
        dirs: [join(dir, "migrations")],
        schema_file: undefined,
        backup: "dump",
        lock_timeout: 5000,
        statement_timeout: 0,
        ignore: [],
        lint: { enabled: true, ignore: [], levels: {} },
      },
      seeds: { dir: join(dir, "seeds"), count: 10 },
      snapshots: { keep: 5 },
      prune: { after: 604_800_000, keep: 604_800_000 },
      dumps: { prove: false, globals: false },
      environments: {},
      client_image: "postgres:{major}",
    });
    expect([secrets, missing, root]).toEqual([[], [], dir]);
  });

  test("defaults are made anew each time", async () => {
    const first = (await load(SMALLEST)).config;
    first.env.set.INTRUDER = "x";
    first.services.push("x");
    const second = (await load(SMALLEST)).config;
    expect([second.env.set, second.services]).toEqual([{ DATABASE_URL: "{url}" }, []]);
  });

  test("what is kept of snapshots is a number or a rule", async () => {
    const keep = async (text: string) => (await load(`${SMALLEST}snapshots: {keep: ${text}}\n`)).config.snapshots.keep;
    expect(await keep("3")).toBe(3);
    expect(await keep("{daily: 7, within: 1y2d}")).toEqual({
      ...{ daily: 7, within: { years: 1, months: 0, days: 2, hours: 0 } },
    });
    for (const wrong of ["{}", "{last: 0}", "{within: 0d}", "{within: 7}", "0", "some"]) {
      await expect(keep(wrong)).rejects.toMatchObject({ exit: 3 });
    }
  });

  test("the four kinds of server", async () => {
    const server = async (text: string) => (await load(`project: x\nserver: ${text}\n`)).config.server;
    expect(await server("{container: pg}")).toEqual({ kind: "container", container: "pg" });
    expect(await server("{local: {version: 17}}")).toEqual({ kind: "local", version: 17 });
    expect(await server("\n  local:")).toEqual({ kind: "local", version: undefined });
    expect(await server("{url: postgres://h/d}")).toEqual({ kind: "url", url: "postgres://h/d" });
    expect(await server("{compose: {file: c.yml, service: db}}")).toEqual({
      kind: "compose",
      files: [join(dir, "c.yml")],
      exact: false,
      service: "db",
      profiles: [],
    });
    expect(await server("{compose: {files: [a.yml, sub/b.yml], service: db, project: p, profiles: [dev]}}")).toEqual({
      kind: "compose",
      files: [join(dir, "a.yml"), join(dir, "sub/b.yml")],
      exact: true,
      service: "db",
      project: "p",
      profiles: ["dev"],
    });
  });

  test("a command takes the place of the folder of migrations", async () => {
    const { config } = await load(`${SMALLEST}migrations: {command: {up: alembic upgrade head}}\n`);
    expect([config.migrations.dirs, config.migrations.command?.up]).toEqual([[], "alembic upgrade head"]);
  });

  test("CRLF, a byte order mark, anchors and empty keys", async () => {
    const text = `\uFEFF${SMALLEST.replaceAll("\n", "\r\n")}services: &s [api]\r\nworktrees: {share: *s}\r\nports:\r\nseeds:\r\n`;
    const { config } = await load(text);
    expect([config.services, config.worktrees.share, config.ports, config.seeds.count]).toEqual([
      ["api"],
      ["api"],
      {},
      10,
    ]);
  });

  test("digits are text where text is due, as they were written", async () => {
    const { config, secrets } = await load(
      `project: 007\nserver: {local: {}}\ndatabase: {password: 0123, user: true}\n`,
    );
    expect([config.project, config.database, secrets]).toEqual([
      ...["007", { password: "0123", user: "true", schema: "public" }],
      ["0123"],
    ]);
  });
});

test.each([
  ["s3: {bucket: dumps, endpoint: 'https://example.com/storage/s3'}", ""],
  ["s3: {bucket: dumps, endpoint: 'https://example.com/?x=1'}", "a question behind it"],
  ["ssh: me@backup:/srv/dumps", ""],
  ["ssh: ssh://backup/srv/dumps", "must be host:path"],
])("a remote %s", async (remote, mistake) => {
  const loading = load(`project: x\nserver: {local: {}}\ndumps: {remote: {${remote}}}\n`).then(() => "", String);
  expect(await loading).toContain(mistake);
  if (mistake === "") expect(await loading).toBe("");
});

describe("what is wrong", () => {
  test("everything at once, each with line and column", async () => {
    const message = await mistakesOf(
      [
        "projct: onyx",
        "isolation: databse",
        "server:",
        "  container: pg",
        "  url: postgres://h/d",
        "ports: {web: lots}",
        "services: api",
        "dumps:",
        "  keep: {daily: -1, wekly: 2, eons: 3}",
        "seeds: [a]",
        "",
      ].join("\n"),
    );
    expect(message.split("\n")).toEqual([
      "pgrove.yaml has 10 mistakes",
      '  pgrove.yaml:1:1  unknown key "projct"; did you mean "project"?',
      '  pgrove.yaml:1:1  pgrove.yaml needs the key "project"',
      '  pgrove.yaml:2:12  isolation must be container, database or schema, not "databse"; did you mean "database"?',
      "  pgrove.yaml:3:1  server takes exactly one of compose, container, local, url; this has container and url",
      "  pgrove.yaml:6:14  ports.web must be a number, not text",
      "  pgrove.yaml:7:11  services must be a list, not text",
      "  pgrove.yaml:9:17  dumps.keep.daily must be 0 or more",
      '  pgrove.yaml:9:21  unknown key "wekly" in dumps.keep; did you mean "weekly"?',
      '  pgrove.yaml:9:31  unknown key "eons" in dumps.keep (known: last, hourly, daily, weekly, monthly, yearly, within, remote)',
      "  pgrove.yaml:10:8  seeds must be a mapping, not a list",
    ]);
  });

  test.each([
    ["", 'needs the key "project"'],
    ["project: x\n", 'pgrove.yaml:1:1  pgrove.yaml needs the key "server"'],
    ["- a\n", "must be a mapping"],
    ["just text\n", "must be a mapping"],
    ["project: x\nserver:\n", 'needs the key "server"'],
    ["project: x\nserver: {}\n", "pgrove.yaml:2:1  server needs one of compose, container, local, url"],
    ["project: x\nserver: local\n", "2:9  server must be a mapping, not text"],
    ["project: x\nserver: [local]\n", "2:9  server must be a mapping, not a list"],
    ["project: x\nserver: {contaner: pg}\n", 'unknown key "contaner" in server; did you mean "container"?'],
    [
      "project: x\nserver: {compose: {service: db}}\n",
      "server.compose needs file (one compose file) or files (several)",
    ],
    ["project: x\nserver: {compose: {file: a, files: [b], service: db}}\n", "takes file or files, not both"],
    ["project: x\nserver: {compose: {file: a}}\n", 'server.compose needs the key "service"'],
    ["project: a/b\nserver: {local: {}}\n", "1:10  project must be 1 to 63 letters"],
    ["project: ''\nserver: {local: {}}\n", "project must be"],
    ["project: x\nserver: {local: {version: 9.5}}\n", "server.local.version must be a major version"],
    [`${SMALLEST}ports: {web: 70000}\n`, "ports.web must be a port number"],
    [`${SMALLEST}ports: {"a b": 1}\n`, `"a b" in ports is not a port's name`],
    [`${SMALLEST}ports: [3000]\n`, "ports must be a mapping, not a list"],
    [`${SMALLEST}env: {set: {A-B: x}}\n`, '"A-B" in env.set is not a variable name'],
    [`${SMALLEST}migrations: {dir: a, command: {up: b}}\n`, "migrations takes dir or command, not both"],
    [
      `${SMALLEST}environments: {prod: {protected: maybe, env_file: .env}}\n`,
      "environments.prod.protected must be true or false",
    ],
    [`${SMALLEST}services: [api, [worker]]\n`, "services[1] must be text, not a list"],
    [`${SMALLEST}toString: 1\n`, 'unknown key "toString"'],
    [`${SMALLEST}__proto__: {project: y}\n`, "__proto__ cannot be a key"],
    [`${SMALLEST}environments: {constructor: {env_file: .env}}\n`, "constructor cannot be a key"],
    [`${SMALLEST}project: other\n`, '3:1  "project" is given twice'],
    [`${SMALLEST}services: !!js/function 'x'\n`, "tag"],
    [`${SMALLEST}services: [!env HOME]\n`, "the tag !env is not understood"],
    [`${SMALLEST}? [a]\n: b\n`, "a key must be text"],
    [`${SMALLEST}services: [api\n`, "broken YAML"],
    [`${SMALLEST}\tservices: []\n`, "broken YAML"],
    [`${SMALLEST}---\nproject: y\n`, "broken YAML"],
    [`${SMALLEST}services: *nowhere\n`, "nowhere"],
    [`${SMALLEST}services: &a [*a]\n`, "too much"],
  ])("%j", async (text, expected) => {
    expect(await mistakesOf(text)).toContain(expected);
  });

  test("a billion laughs, and other files that only cost time, are refused quickly", async () => {
    const laughs = Array.from(
      { length: 12 },
      (_, n) => `x${n}: &x${n} [${Array(10).fill(n === 0 ? "lol" : `*x${n - 1}`)}]`,
    );
    const tookMs = await cpuMsOf(async () => {
      expect(await mistakesOf(`${SMALLEST}${laughs.join("\n")}\n`)).toContain("too much");
      expect(await mistakesOf("[".repeat(10_000))).toContain("nested too deeply");
      expect(await mistakesOf(Array.from({ length: 20_000 }, (_, n) => `k${n}:`).join("\n"))).toContain("too much");
      expect(await mistakesOf(`project: "${"${A:-".repeat(20_000)}"\nserver: {local: {}}\n`)).toContain("has a ${");
    });
    expect(tookMs).toBeLessThan(patiently(10_000));
  });

  test("aliases and depth have their own limits", async () => {
    const aliases = (count: number) =>
      `${SMALLEST}services: &s [api]\nworktrees: {share: [${Array(count).fill("*s")}]}\n`;
    expect(await mistakesOf(aliases(101))).toContain("too much");
    expect(await mistakesOf(aliases(99))).not.toContain("too much");
    const nested = (depth: number) => `${SMALLEST}services: ${"[".repeat(depth)}${"]".repeat(depth)}\n`;
    expect(await mistakesOf(nested(40))).toContain("too much");
    expect(await mistakesOf(nested(20))).not.toContain("too much");
  });

  test("what is no small text file", async () => {
    expect(await mistakesOf(`${SMALLEST}#${"x".repeat(1024 * 1024)}`)).toContain("larger than 1 MiB");
    expect(await mistakesOf("project: a\0b\n")).toContain("NUL");
    expect(await mistakesOf(new Uint8Array([0x70, 0x3a, 0x20, 0xff]))).toContain("not UTF-8");
    const file = await place(SMALLEST);
    await rm(file);
    await expect(loadConfig(file, { environment: {} })).rejects.toMatchObject({
      exit: EXIT.missing,
      hint: "pgrove init",
    });
    await mkdir(file);
    await expect(loadConfig(file, { environment: {} })).rejects.toMatchObject({ exit: EXIT.config });
  });
});

describe("variables", () => {
  const withPassword = (password: string) => `${SMALLEST}database: {name: app, password: ${password}}\n`;

  test("the environment comes first, then the env file, then the default", async () => {
    const environment = { A: "shell", EMPTY: "" };
    const envFile = { A: "file", B: "file" };
    const password = async (text: string) =>
      (await load(withPassword(text), { environment, envFile })).config.database.password;
    expect(await password("${A}")).toBe("shell");
    expect(await password("${B}")).toBe("file");
    expect(await password("${C:-fall-back}")).toBe("fall-back");
    expect(await password("${EMPTY:-fall-back}")).toBe("fall-back");
    expect(await password("${EMPTY}")).toBe("");
    expect(await password('"${A}-${B}"')).toBe("shell-file");
    expect(await password("'${C:-a, [b]}'")).toBe("a, [b]");
  });

  test("`$${` is the characters themselves, and values are not looked at again", async () => {
    expect((await load(withPassword("$${A}"), { environment: { A: "x" } })).config.database.password).toBe("${A}");
    const { config } = await load(withPassword("${A}"), { environment: { A: "${B} *x {y: !z}" } });
    expect(config.database.password).toBe("${B} *x {y: !z}");
  });

  test("a missing one is reported with its place, and needed only by whoever asks", async () => {
    const loaded = await load(withPassword("${SECRET}"));
    expect(loaded.config.database).toEqual({ name: "app", password: undefined, schema: "public" });
    expect(loaded.missing).toEqual([{ path: "database.password", name: "SECRET", line: 3, column: 33 }]);
    expect(() => requireNoMissing(loaded, "server")).not.toThrow();
    expect(() => requireNoMissing(loaded, "data")).not.toThrow();
    expect(() => requireNoMissing(loaded, "database")).toThrow("pgrove.yaml:3:33  database.password needs SECRET");
  });

  test("a missing server URL is still a server of that kind", async () => {
    const { config, missing } = await load("project: x\nserver:\n  url: ${DATABASE_URL}\n");
    expect(config.server).toEqual({ kind: "url", url: undefined });
    expect(missing).toEqual([{ path: "server.url", name: "DATABASE_URL", line: 3, column: 8 }]);
  });

  test("what nothing works without is an error at once", async () => {
    expect(await mistakesOf("project: ${NAME}\nserver: {local: {}}\n")).toBe(
      "pgrove.yaml:1:10  project needs NAME: set neither in the environment nor in the env file",
    );
  });

  test("numbers and switches may come out of variables; a password of digits stays text", async () => {
    const text = `${SMALLEST}ports: {web: ${"${WEB}"}}\ndatabase: {password: ${"${PW}"}}\nenvironments: {p: {env_file: .env.p, protected: ${"${P:-true}"}}}\n`;
    const { config } = await load(text, { environment: { WEB: "3001", PW: "0042" } });
    expect(config.ports).toEqual({ web: 3001 });
    expect(config.database.password).toBe("0042");
    expect(config.environments.p?.protected).toBe(true);
  });

  test.each([
    ["${A-x}${E-x}", "x"],
    ["${A:-${B:-b}}c", "bc"],
    ["${E:+x}${S:+y}", "y"],
    ["${S:?must}$S$$", "s$S$$"],
    ["$${S}", "${S}"],
  ])("%s is understood", async (text, value) => {
    const { config } = await load(withPassword(text), { environment: { S: "s", E: "" } });
    expect(config.database.password).toBe(value);
  });

  test("a password may be a command's, whose references are its shell's, or a file's", async () => {
    const password = async (text: string) => (await load(withPassword(text))).config.database.password;
    expect(await password("{command: 'pass show ${X}'}")).toEqual({ command: "pass show ${X}" });
    expect(await password("{file: ~/secret}")).toEqual({ file: "~/secret" });
    for (const wrong of ["{fle: x}", "{file: ''}", "[x]", "{}", "{file: x, command: y}"]) {
      expect(await mistakesOf(withPassword(wrong))).toContain("database.password");
    }
    expect(await mistakesOf(withPassword("{fle: x}"))).toContain("did you mean");
  });

  test("what a needed variable has to say is said", async () => {
    const asked = await load(withPassword("${SECRET:?ask Ann}"));
    expect(() => requireNoMissing(asked, "database")).toThrow("ask Ann");
  });

  test("names of the language's own objects are not variables", async () => {
    expect((await load(withPassword("${constructor}"))).missing).toMatchObject([{ name: "constructor" }]);
  });

  test.each(["'${'", "'${1A}'", "'${A B}'", "'${A:-{x}}'"])("%s is a mistake", async (text) => {
    expect(await mistakesOf(withPassword(text))).toContain("database.password has a ${ that");
  });

  test("shell commands keep theirs for the shell", async () => {
    const commands = 'worktrees: {setup: ["psql ${DATABASE_URL}"]}\nmigrations: {command: {up: "x ${DATABASE_URL}"}}\n';
    const { config, interpolated } = await load(`${SMALLEST}${commands}`, {
      environment: { DATABASE_URL: "postgres://main" },
    });
    expect(config.worktrees.setup).toEqual(["psql ${DATABASE_URL}"]);
    expect(config.migrations.command?.up).toBe("x ${DATABASE_URL}");
    expect(interpolated).toEqual([]);
  });

  test("braces in a value do not become placeholders", async () => {
    const { config } = await load(`${SMALLEST}env: {set: {URL: "{url}", KEY: "\${K}"}}\n`, {
      environment: { K: "{url}" },
    });
    expect(config.env.set).toEqual({ URL: "{url}", KEY: "{{url}}" });
  });

  test("secrets are listed, and where each value came from", async () => {
    const text = "project: x\nserver:\n  url: postgres://u:${PW}@h/d\ndatabase: {password: ${DB}}\n";
    const loaded = await load(text, { environment: { PW: "s%40cret" }, envFile: { DB: "other" } });
    expect([...loaded.secrets].sort()).toEqual(["other", "postgres://u:s%40cret@h/d", "s%40cret", "s@cret"]);
    expect(loaded.interpolated).toEqual([
      { path: "server.url", name: "PW", from: "environment" },
      { path: "database.password", name: "DB", from: "env_file" },
    ]);
  });

  test("no message repeats a variable's value", async () => {
    const text =
      "project: ${A}\nisolation: ${A}\nserver: {local: {version: ${A}}}\nenvironments: {p: {env_file: .env, protected: ${A}}}\n";
    const message = await mistakesOf(text, { environment: { A: "hunter/2" } });
    expect(message).toContain("4 mistakes");
    expect(message).not.toContain("hunter");
  });
});

describe("paths", () => {
  const reading: [string, string][] = [
    ["server.compose.file", "project: x\nserver: {compose: {file: PATH, service: db}}\n"],
    ["server.compose.files[1]", "project: x\nserver: {compose: {files: [a.yml, PATH], service: db}}\n"],
    ["env.file", `${SMALLEST}env: {file: PATH}\n`],
    ["environments.p.env_file", `${SMALLEST}environments: {p: {env_file: PATH}}\n`],
    ["migrations.dir", `${SMALLEST}migrations: {dir: PATH}\n`],
    ["migrations.schema_file", `${SMALLEST}migrations: {schema_file: PATH}\n`],
    ["seeds.dir", `${SMALLEST}seeds: {dir: PATH}\n`],
    ["worktrees.share[0]", `${SMALLEST}worktrees: {share: [PATH]}\n`],
  ];

  test.each(reading)("%s stays inside the repository", async (key, text) => {
    for (const path of ["../outside", "a/../../outside", "/etc/passwd", "~/.aws/credentials"]) {
      expect(await mistakesOf(text.replace("PATH", path))).toMatch(
        new RegExp(`${key.replace(/[[\]]/g, "\\$&")} .*repository`),
      );
    }
    for (const path of [".git/config", "vendor/lib/.GIT/hooks/pre-commit"]) {
      expect(await mistakesOf(text.replace("PATH", path))).toContain("git's own folder");
    }
    await load(text.replace("PATH", "inside/../inside/x"));
  });

  test("links are followed before they are believed", async () => {
    const text = `${SMALLEST}env: {file: PATH}\n`;
    const attempt = async (path: string, links: [string, string][]) => {
      const file = await place(text.replace("PATH", path));
      for (const [from, to] of links) await symlink(to, join(dir, from));
      return await loadConfig(file, { environment: {} }).then(
        () => "accepted",
        (error: Error) => error.message,
      );
    };
    expect(await attempt("link", [["link", "/etc/passwd"]])).toContain("is a link that leads out of the repository");
    expect(await attempt("folder/new", [["folder", tmpdir()]])).toContain("is a link that leads out of the repository");
    expect(await attempt("dead", [["dead", "/nowhere/at/all"]])).toContain("is a link that leads out");
    expect(await attempt("loop", [["loop", "loop"]])).toContain("cannot be followed");
    expect(await attempt("hooks/x", [["hooks", ".git"]])).toContain("git's own folder");
    expect(await attempt("fine", [["fine", "pgrove.yaml"]])).toBe("accepted");
  });

  test("a worktree's file may be a link into its main worktree, and nowhere else", async () => {
    await place(SMALLEST);
    const main = dir;
    const worktree = join(base, `worktree${next++}`);
    await mkdir(join(main, ".git", "worktrees", "w"), { recursive: true });
    await mkdir(worktree);
    await writeFile(join(worktree, ".git"), `gitdir: ${join(main, ".git", "worktrees", "w")}\n`);
    await writeFile(join(worktree, "pgrove.yaml"), SMALLEST);
    const attempt = async (destination: string) => {
      await rm(join(worktree, ".env"), { force: true });
      await symlink(destination, join(worktree, ".env"));
      return await loadConfig(join(worktree, "pgrove.yaml"), { environment: {} }).then(
        ({ root }) => root,
        (error: Error) => error.message,
      );
    };
    expect(await attempt(join(main, ".env"))).toBe(worktree);
    expect(await attempt(join(main, ".git", "config"))).toContain("git's own folder");
    expect(await attempt(join(base, "elsewhere"))).toContain("is a link that leads out of the repository");
  });

  test("a file in a subfolder may reach its repository, not more", async () => {
    await place(SMALLEST);
    const sub = join(dir, "packages", "api");
    await mkdir(sub, { recursive: true });
    const file = join(sub, "pgrove.yaml");
    await writeFile(file, `${SMALLEST}migrations: {dir: ../../db/migrations}\n`);
    const loaded = await loadConfig(file, { environment: {} });
    expect([loaded.root, loaded.dir, loaded.config.migrations.dirs]).toEqual([dir, sub, [join(dir, "db/migrations")]]);
    expect(pathInWorktree(loaded, join(dir, "db/migrations"), "/elsewhere/w")).toBe("/elsewhere/w/db/migrations");
    await writeFile(file, `${SMALLEST}migrations: {dir: ../../../db}\n`);
    await expect(loadConfig(file, { environment: {} })).rejects.toThrow("leads out of the repository");
  });

  test("the dump store may be anywhere, and stays as written", async () => {
    const { config } = await load(`${SMALLEST}dumps:\n  dir: ~/.local/share/x/{project}\n`);
    expect(config.dumps.dir).toBe("~/.local/share/x/{project}");
  });
});

describe("findConfigFile", () => {
  test("looks upward to the repository's folder, and no further", async () => {
    const file = await place(SMALLEST);
    const inner = join(dir, "a", "b");
    await mkdir(inner, { recursive: true });
    expect(findConfigFile(inner)).toBe(file);
    await mkdir(join(dir, "a", ".git"));
    expect(findConfigFile(inner)).toBeUndefined();
  });

  test("takes .yml too, and outside git only the folder itself", async () => {
    const folder = await mkdtemp(join(base, "plain-"));
    await mkdir(join(folder, "sub"));
    expect(findConfigFile(folder)).toBeUndefined();
    await writeFile(join(folder, "pgrove.yml"), SMALLEST);
    expect(findConfigFile(folder)).toBe(join(folder, "pgrove.yml"));
    expect(findConfigFile(join(folder, "sub"))).toBeUndefined();
  });
});
