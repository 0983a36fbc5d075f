import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type Bench,
  createEveryKind,
  createSmall,
  databasesLike,
  fingerprint,
  makeBench,
  openLive,
  rejection,
  restore,
  uniqueName,
} from "../../support/database.ts";
import { run, runOk } from "../../support/engine/run.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";

let server: TestServer;
let bench: Bench;
const small = uniqueName("foreign");
const every = uniqueName("foreign_every");

beforeAll(async () => {
  server = await sharedServer(17);
  bench = await makeBench();
  await createSmall(server, small, 500);
  await createEveryKind(server, every);
});
afterAll(() => bench.remove());

/** What a shell command inside the container writes to stdout, as a file here. */
async function fileFrom(script: string, name: string, on = server): Promise<string> {
  const path = join(bench.folder, `${uniqueName("f")}-${name}`);
  const command = `docker exec -e PGUSER=postgres ${on.container} bash -c '${script}' > '${path}'`;
  await runOk("bash", ["-euo", "pipefail", "-c", command]);
  return path;
}

/** A folder that pg_dump -Fd wrote, on this machine. */
async function folderDump(database: string): Promise<string> {
  const inside = `/tmp/${uniqueName("folder")}`;
  await runOk("docker", [...["exec", server.container, "pg_dump", "-U", "postgres", "-Fd", "-f", inside], database]);
  const outside = join(bench.folder, uniqueName("folder"));
  await runOk("docker", ["cp", `${server.container}:${inside}`, outside]);
  await runOk("docker", ["exec", server.container, "rm", "-r", inside]);
  return outside;
}

async function restored(path: string): Promise<{ database: string; jobs?: number }> {
  const database = uniqueName("back");
  await restore(bench, await openLive(server, database, bench), path);
  return { database };
}

describe("dumps that pg_dump wrote by itself come back equal", () => {
  const commands = [
    { name: "custom", of: every, script: (db: string) => `pg_dump -Fc ${db}` },
    { name: "plain", of: every, script: (db: string) => `pg_dump ${db}` },
    { name: "plain, gzip", of: every, script: (db: string) => `pg_dump ${db} | gzip -9` },
    {
      name: "plain, two gzip members",
      of: small,
      script: (db: string) => `pg_dump ${db} > /tmp/p; head -c 20000 /tmp/p | gzip; tail -c +20001 /tmp/p | gzip`,
    },
    { name: "plain, zstd", of: every, script: (db: string) => `pg_dump ${db} | zstd -q` },
    {
      name: "plain, two zstd frames",
      of: small,
      script: (db: string) => `pg_dump ${db} > /tmp/p; head -c 20000 /tmp/p | zstd -q; tail -c +20001 /tmp/p | zstd -q`,
    },
    { name: "plain with INSERT", of: every, script: (db: string) => `pg_dump --inserts ${db}` },
    {
      name: "plain with INSERT of many rows",
      of: small,
      script: (db: string) => `pg_dump --rows-per-insert=7 --column-inserts ${db}`,
    },
    { name: "plain, repeatable", of: small, script: (db: string) => `pg_dump --restrict-key=abc ${db}` },
    { name: "tar", of: every, script: (db: string) => `pg_dump -Ft ${db}` },
  ];
  test.each(commands)("$name", async ({ script, name, of }) => {
    const before = await fingerprint(server, of);
    const { database } = await restored(await fileFrom(script(of), name.replaceAll(/\W/g, "-")));
    expect(await fingerprint(server, database)).toEqual(before);
  });

  test("directory, as a folder and as a tar with and without a folder around it", async () => {
    const before = await fingerprint(server, small);
    const folder = await folderDump(small);
    const tars = [join(bench.folder, "around.tar"), join(bench.folder, "flat.tar"), join(bench.folder, "bare.tar")];
    const [around = "", flat = "", bare = ""] = tars;
    await runOk("tar", ["-C", join(folder, ".."), "-cf", around, folder.split("/").at(-1) ?? ""]);
    await runOk("tar", ["-C", folder, "-cf", flat, "."]);
    await runOk("bash", ["-c", `cd '${folder}' && tar -cf '${bare}' *`]);
    for (const path of [folder, ...tars]) {
      const database = uniqueName("back");
      await restore(bench, await openLive(server, database, bench), path, { jobs: 2 });
      expect(await fingerprint(server, database)).toEqual(before);
    }
  });

  test("the archive version of PostgreSQL 15, where it was written", async () => {
    const old = await sharedServer(15);
    const source = uniqueName("old");
    await createSmall(old, source);
    const path = await fileFrom(`pg_dump -Fc ${source}`, "old.dump", old);
    expect([...(await Bun.file(path).slice(0, 7).bytes())]).toEqual([...Buffer.from("PGDMP"), 1, 14]);
    const database = uniqueName("back");
    await restore(bench, await openLive(old, database, bench), path);
    expect(await fingerprint(old, database)).toEqual(await fingerprint(old, source));
  });

  test("lines ended by CR and LF, as a checkout on Windows leaves them", async () => {
    const path = await fileFrom(`pg_dump ${small} | sed "s/$/\\r/"`, "crlf.sql");
    expect((await Bun.file(path).text()).split("\r\n").length).toBeGreaterThan(200);
    const { database } = await restored(path);
    expect(await fingerprint(server, database)).toEqual(await fingerprint(server, small));
  });

  test("one that makes and enters its own database, which stays as it is", async () => {
    const before = await fingerprint(server, small);
    for (const options of ["--create", "--create --clean --if-exists"]) {
      const { database } = await restored(await fileFrom(`pg_dump ${options} ${small}`, "create.sql"));
      expect(await fingerprint(server, database)).toEqual(before);
    }
    expect(await fingerprint(server, small)).toEqual(before);
  });

  test("but not where they would get into the text of functions", async () => {
    const path = await fileFrom(`pg_dump ${every} | sed "s/$/\\r/"`, "crlf.sql");
    const database = uniqueName("back");
    const error = await rejection(restore(bench, await openLive(server, database, bench), path));
    expect(error).toMatchObject({ code: "dump_mangled", exit: 1 });
    expect(await databasesLike(server, database)).toEqual([]);
  });

  test("a table of so many columns that its COPY line is longer than any buffer", async () => {
    const source = uniqueName("wide");
    await server.createDatabase(source);
    const columns = Array.from({ length: 500 }, (_, n) => `a_column_with_a_rather_long_name_${n} int`);
    await server.psql(source, `create table wide (${columns.join(", ")}); insert into wide values (null), (1)`);
    const { database } = await restored(await fileFrom(`pg_dump ${source}`, "wide.sql"));
    expect(await fingerprint(server, database)).toEqual(await fingerprint(server, source));
  });
});

describe("what is no dump of one database is refused before anything starts", () => {
  const target = uniqueName("untouched");
  let before: string[];
  beforeAll(async () => {
    await createSmall(server, target, 3);
    before = await fingerprint(server, target);
  });
  const refuse = async (path: string) => {
    const error = await rejection(restore(bench, await openLive(server, target, bench), path));
    expect(await fingerprint(server, target)).toEqual(before);
    expect(await databasesLike(server, target)).toEqual([target]);
    return error;
  };

  test("two dumps that each make their own database", async () => {
    const error = await refuse(await fileFrom(`pg_dump --create ${small}; pg_dump --create ${every}`, "create.sql"));
    expect(error).toMatchObject({ code: "dump_unsafe", exit: 1 });
    expect(error.message).toContain(`CREATE DATABASE ${every}`);
    expect(error.hint).toContain("--create");
  });

  test("pg_dumpall works on all of them", async () => {
    const error = await refuse(await fileFrom("pg_dumpall --globals-only", "all.sql"));
    expect(error).toMatchObject({ code: "cluster_dump", exit: 1 });
    expect(error.message).toContain("pg_dumpall");
  });

  test("a command for psql itself", async () => {
    const path = await fileFrom(`pg_dump ${small}`, "shell.sql");
    const text = await Bun.file(path).text();
    const evil = join(bench.folder, "evil.sql");
    const proof = `/tmp/${uniqueName("proof")}`;
    await writeFile(evil, text.replace("SET lock_timeout = 0;", `SET lock_timeout = 0; \\! touch ${proof}`));
    expect(await refuse(evil)).toMatchObject({ code: "dump_unsafe" });
    expect((await server.exec(["test", "-e", proof])).code).toBe(1);
  });

  test("a command for psql itself where only psql sees one: it obeys none", async () => {
    const proof = `/tmp/${uniqueName("proof")}`;
    const body = `SELECT 1;\nCOPY item FROM stdin;\n\\! touch ${proof}\n\\.\nEND;`;
    const hidden = `CREATE FUNCTION hides() RETURNS int BEGIN ATOMIC ${body}\nCREATE TABLE last (a int);\n`;
    const text = await Bun.file(await fileFrom(`pg_dump ${small}`, "atomic.sql")).text();
    const evil = join(bench.folder, "atomic.sql");
    await writeFile(evil, text.replace("\n--\n-- PostgreSQL database dump complete", `\n${hidden}$&`));
    const error = await refuse(evil);
    expect(error).toMatchObject({ code: "restore_failed", exit: 1 });
    expect(error.message).toContain("backslash commands are restricted");
    expect((await server.exec(["test", "-e", proof])).code).toBe(1);
  });

  test("cut off: plain, gzip, zstd, custom, tar, directory", async () => {
    const codes: string[] = [];
    const scripts = [`pg_dump ${small}`, `pg_dump ${small} | gzip`, `pg_dump ${small} | zstd -q`];
    for (const script of [...scripts, `pg_dump -Fc ${small}`, `pg_dump -Ft ${small}`]) {
      const path = await fileFrom(script, "whole");
      const bytes = await Bun.file(path).bytes();
      const cut = `${path}-cut`;
      await writeFile(cut, bytes.subarray(0, bytes.length * 0.7));
      codes.push((await refuse(cut)).code);
    }
    expect(codes.slice(0, 3)).toEqual(["dump_truncated", "dump_damaged", "dump_damaged"]);
    for (const code of codes.slice(3)) expect(["dump_damaged", "restore_failed"]).toContain(code);
    const folder = await folderDump(small);
    const [data] = (await run("bash", ["-c", `ls -S '${folder}'/*.dat.gz`])).stdout.split("\n");
    await Bun.file(data ?? "").delete();
    expect(await refuse(folder)).toMatchObject({ code: "dump_damaged" });
  });

  test("a folder without a table of contents, a compressed archive", async () => {
    const folder = join(bench.folder, "no-toc");
    await mkdir(folder);
    await writeFile(join(folder, "1.dat.gz"), "");
    expect(await refuse(folder)).toMatchObject({ code: "not_a_dump" });
    const wrapped = await refuse(await fileFrom(`pg_dump -Fc ${small} | gzip`, "twice.dump.gz"));
    expect(wrapped).toMatchObject({ code: "dump_wrapped", exit: 1 });
    expect(wrapped.hint).toContain("gunzip");
  });
});
