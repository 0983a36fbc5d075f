/** Encrypted dumps where nobody names a dump or a key: what pgrove.yaml begins worktrees with, and a passphrase of which the file is gone. */
import { beforeAll, expect, test } from "bun:test";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { generateIdentity, identityToRecipient } from "age-encryption";
import { sharedServer, type TestServer } from "../support/engine/server.ts";
import { Grove } from "../support/worktrees/grove.ts";
import { TestRepo } from "./support.ts";

let server: TestServer;
beforeAll(async () => {
  server = await sharedServer(17);
});

test("worktrees.data may name an encrypted dump: without a key nothing is made, with it provision completes the worktree", async () => {
  const identity = await generateIdentity();
  const recipient = await identityToRecipient(identity);
  await using grove = await Grove.create(server, { yaml: `dumps: {encrypt: {recipients: [${recipient}]}}\n` });
  await grove.ok(["trust", "--yes"]);
  const path = (await grove.ok(["dump", "-q"])).trim();
  expect(path).toEndWith(".dump.age");
  const config = readFileSync(grove.repo.path("repo", "pgrove.yaml"), "utf8");
  await grove.commit("data", { "pgrove.yaml": `${config}worktrees: {data: ${basename(path)}}\n` });

  const said = await grove.fails(4, ["new", "closed"]);
  for (const words of [recipient.slice(0, 14), recipient.slice(-6), "PGROVE_AGE_IDENTITY"])
    expect(said).toContain(words);
  expect(await grove.databaseNames()).toEqual([]);

  const env = { PGROVE_AGE_IDENTITY: identity };
  expect(await grove.ok(["provision", "closed"], { env })).toContain(`restored from ${basename(path)}`);
  expect(await grove.ask(`${grove.project}_closed`, "select count(*)::int from item")).toBe(50);
  await grove.ok(["reset", "closed", "--yes"], { env });
  expect(await grove.fails(4, ["reset", "closed", "--yes"])).toContain(recipient.slice(0, 14));
  expect(await grove.ask(`${grove.project}_closed`, "select count(*)::int from item")).toBe(50);
});

test("without the file of its passphrase a dump is restored on a terminal, by typing it, and nowhere else", async () => {
  const database = `passphrase_${process.pid}`;
  await server.createDatabase(database);
  await server.psql(database, "create table item as select 1 as id");
  const config = `project: ${database}\nserver: {container: ${server.container}}\ndatabase: {name: ${database}}\n`;
  const repo = await TestRepo.create({
    "pgrove.yaml": `${config}dumps: {encrypt: {passphrase_file: ~/secret.txt}}\n`,
  });
  try {
    const secret = join(repo.home, "secret.txt");
    writeFileSync(secret, "a long passphrase\n", { mode: 0o600 });
    expect((await repo.run(["trust", "--yes"])).code).toBe(0);
    const dumped = await repo.run(["dump"]);
    expect(dumped).toMatchObject({ code: 0, stderr: expect.stringContaining(", 1 table →") }); // though its name is sealed
    const restore = ["restore", dumped.stdout.trim(), "--into-new", `${database}_back`];
    rmSync(secret);
    expect(await repo.run(restore)).toMatchObject({ code: 4, stdout: "", stderr: expect.stringContaining(secret) });

    await repo.write("pgrove.yaml", config);
    const refused = await repo.run(restore);
    expect(refused).toMatchObject({ code: 4, stdout: "" });
    for (const words of ["is encrypted with a passphrase", "passphrase_file", "terminal"])
      expect(refused.stderr).toContain(words);
    const asks = "The passphrase of";
    const wrong = await repo.runOnTerminal(restore, [[asks, "another one\r"]]);
    expect([wrong.code, wrong.shown.includes("is not that of")]).toEqual([4, true]);
    const typed = await repo.runOnTerminal(restore, [[asks, "a long passphrase\r"]]);
    expect([typed.code, typed.shown.includes("a long passphrase")]).toEqual([0, false]);
    expect(await server.psql(`${database}_back`, "select id from item")).toBe("1");
  } finally {
    for (const name of [database, `${database}_back`])
      await server.psql("postgres", `drop database if exists ${name} with (force)`);
    await repo.remove();
  }
});
