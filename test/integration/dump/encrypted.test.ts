/** Encrypted dumps: nobody reads them without a key, and with one they are as good as any. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generateIdentity, identityToRecipient } from "age-encryption";
import { adoptDump } from "../../../src/dump/adopt.ts";
import { openKeyring } from "../../../src/dump/authorship.ts";
import { manifestPath } from "../../../src/dump/manifest.ts";
import { proveDumps } from "../../../src/dump/prove.ts";
import { verifyDumps } from "../../../src/dump/verify.ts";
import {
  type Bench,
  createSmall,
  databasesLike,
  dump,
  filesBelow,
  findDump,
  fingerprint,
  makeBench,
  openLive,
  pathOf,
  rejection,
  restore,
  uniqueName,
} from "../../support/database.ts";
import { unpackPackage } from "../../support/engine/apt.ts";
import { runOk } from "../../support/engine/run.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { thorough } from "../../support/faults/moments.ts";

let server: TestServer;
let bench: Bench;
let closed: Bench;
let database: string;
let identity: string;
let recipient: string;
beforeAll(async () => {
  server = await sharedServer(17);
  bench = await makeBench();
  identity = await generateIdentity();
  recipient = await identityToRecipient(identity);
  closed = bench;
  bench = withIdentities([identity]);
  closed = withIdentities([]);
  database = uniqueName("closed");
  await createSmall(server, database, 5000);
  await server.psql(
    database,
    "create table canary_table as select 'canary of a row' as text from generate_series(1, 5)",
  );
});
afterAll(() => bench.remove());

/** The bench, whose dumps are encrypted, and where these identities are. */
function withIdentities(identities: string[]): Bench {
  const dumpKeys = {
    ...{ readers: async () => ({ recipients: [recipient] }), namesTables: false },
    ...{ identities: async () => identities, passphrase: async () => undefined },
  };
  return { ...closed, tools: { ...closed.tools, dumpKeys } };
}

const live = (name: string) => openLive(server, name, bench);
const NAMELESS = /canary/;

test("what is restored is what was dumped, by whichever program reads it", async () => {
  const before = await fingerprint(server, database);
  const ways = [
    { format: "custom" as const, codec: { name: "none" as const } },
    { format: "sql" as const, codec: { name: "gzip" as const } },
    { format: "sql" as const, codec: { name: "none" as const } },
    { format: "sql" as const },
  ];
  for (const request of thorough ? ways : ways.slice(0, 2)) {
    const { path, manifest } = await dump(bench, await live(database), { ...request, prove: true });
    expect(path).toEndWith(".age");
    expect(manifest).toMatchObject({
      tables: [],
      encryption: { recipients: [expect.stringContaining(recipient.slice(0, 14))] },
    });
    for (const file of await filesBelow(bench.store)) expect(readFileSync(file, "latin1")).not.toMatch(NAMELESS);
    const back = uniqueName("closed_back");
    const { comparison } = await restore(bench, await live(back), path ?? "", { jobs: 2 });
    expect(comparison?.tables).toBe(manifest.encryption?.sealed?.tables ?? 0);
    expect(await fingerprint(server, back)).toEqual(before);
    await server.psql("postgres", `drop database ${back}`);
  }
  expect(bench.notes.join("\n")).toContain("no plain byte of it goes to a disk");
});

test("without the key it is whole, and cannot be restored", async () => {
  const path = pathOf(await dump(closed, await live(database)));
  const keyring = await openKeyring(closed.tools);
  const reading = async () => ({ ...(await servers()), live: await live(database) });
  const [verdict] = await verifyDumps([await findDump(closed, path)], closed.tools, { keyring, reading });
  expect(verdict).toMatchObject({ checked: "sha256", depth: "checksum" });
  expect(verdict?.fault).toBeUndefined();
  const name = uniqueName("closed_none");
  expect(await rejection(restore(closed, await live(name), path))).toMatchObject({ code: "identity_missing", exit: 4 });
  expect(await databasesLike(server, name)).toEqual([]);
});

const servers = async () => ({
  ...{ runner: bench.tools.runner, clientImage: "pgrove-test/postgres:{major}", stageParent: bench.folder },
  note: bench.tools.note,
});

test("it is proved to the last row, also once a stranger's was adopted", async () => {
  const path = pathOf(await dump(bench, await live(database), { prove: true }));
  const check = {
    keyring: await openKeyring(bench.tools),
    reading: async () => ({ ...(await servers()), live: await live(database) }),
  };
  const prove = async (of: string, deep: boolean) => {
    const verdicts = await verifyDumps([await findDump(bench, of)], bench.tools, check);
    const request = { live: await live(database), deep, approveForeign: async () => undefined };
    await proveDumps(bench.tools, await servers(), verdicts, request);
    return verdicts[0];
  };
  const proved = await prove(path, true);
  expect(proved?.depth).toBe("contents");
  expect(proved?.fault).toBeUndefined();
  const stranger = join(bench.folder, "stranger.dump.age");
  writeFileSync(stranger, readFileSync(path));
  const read = await check.reading();
  const adoption = { folder: bench.store, project: "tests", pgroveVersion: "0" };
  const adopted = await adoptDump(bench.tools, read, { ...adoption, dump: await findDump(bench, stranger) });
  expect(readFileSync(manifestPath(adopted.path), "latin1")).not.toMatch(NAMELESS);
  expect((await prove(adopted.path, false))?.fault).toBeUndefined();
});

test("a changed or cut-off one is refused before anything is replaced", async () => {
  const name = uniqueName("closed_kept");
  await server.createDatabase(name);
  await server.psql(name, "create table kept (id int)");
  for (const bare of [false, true]) {
    const path = pathOf(await dump(bench, await live(database), { format: bare ? "custom" : "sql" }));
    const bytes = readFileSync(path);
    if (bare) rmSync(manifestPath(path));
    for (const changed of [
      bytes.subarray(0, -1),
      bytes.subarray(0, -(64 << 10)),
      flip(bytes, 0.5),
      flip(bytes, 0.99),
    ]) {
      writeFileSync(path, changed);
      expect(await rejection(restore(bench, await live(name), path))).toMatchObject({ code: "dump_damaged", exit: 1 });
    }
  }
  expect(await server.psql(name, "select count(*) from kept")).toBe("0");
});

function flip(bytes: Buffer, part: number): Buffer {
  const changed = Buffer.from(bytes);
  const at = Math.floor(bytes.length * part);
  changed[at] = (changed[at] ?? 0) ^ 1;
  return changed;
}

test("what would lie on a disk unencrypted is refused", async () => {
  const error = await rejection(dump(bench, await live(database), { format: "directory", jobs: 2 }));
  expect(error).toMatchObject({ code: "usage", exit: 2, message: expect.stringContaining("unencrypted") });
});

if (thorough) {
  test("Debian's age reads what is written, and what it writes is restored", async () => {
    const folder = await unpackPackage("age");
    const age = join(folder, "usr/bin/age");
    const key = join(bench.folder, "key.txt");
    writeFileSync(key, `# a comment\n${identity}\n`);
    const path = pathOf(await dump(bench, await live(database), { format: "sql", codec: { name: "none" } }));
    const plain = join(bench.folder, "by-age.sql");
    await runOk(age, ["-d", "-i", key, "-o", plain, path]);
    expect(readFileSync(plain, "utf8")).toContain("canary of a row");
    const theirs = join(bench.folder, "theirs.sql.age");
    await runOk(age, ["-r", recipient, "-o", theirs, plain]);
    const back = uniqueName("closed_theirs");
    await restore(bench, await live(back), theirs);
    expect(await fingerprint(server, back)).toEqual(await fingerprint(server, database));
  });
}
