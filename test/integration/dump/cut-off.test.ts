import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openKeyring } from "../../../src/dump/authorship.ts";
import { verifyDumps } from "../../../src/dump/verify.ts";
import {
  type Bench,
  createSmall,
  findDump,
  makeBench,
  openLive,
  rejection,
  restore,
  uniqueName,
} from "../../support/database.ts";
import { runOk } from "../../support/engine/run.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";

let server: TestServer;
let bench: Bench;
let database: string;

beforeAll(async () => {
  server = await sharedServer(17);
  bench = await makeBench();
  database = uniqueName("cut");
  await createSmall(server, database);
});

afterAll(async () => {
  await server.psql("postgres", `drop database if exists ${database} with (force)`);
  await bench.remove();
});

test("a plain dump that is cut off between two statements after it was checked is not taken for whole", async () => {
  const path = join(bench.folder, "plain.sql");
  const begin = "--\n-- PostgreSQL database dump\n--\n\nCREATE TABLE public.first_one (id int);\n";
  const rest = "CREATE TABLE public.last_one (id int);\n--\n-- PostgreSQL database dump complete\n--\n";
  writeFileSync(path, begin + rest);
  const live = await openLive(server, database, bench);
  // It is asked for consent when everything was checked, and before anything is loaded.
  const consent = async () => truncateSync(path, begin.length);
  const error = await rejection(restore(bench, live, path, { consent }));
  expect(error).toMatchObject({ code: "dump_damaged", exit: 1 });
  expect(error.message).toContain("shorter");
  expect(await server.psql(database, "select count(*) from item")).toBe("100");
});

test("a folder that has lost a table's file is damaged, by itself and in a tar: to who verifies and to who restores", async () => {
  const folder = join(bench.folder, "whole");
  const inside = `rm -rf /tmp/${database} && pg_dump -U postgres -Fd -f /tmp/${database} ${database} && tar -C /tmp/${database} -cf - . && rm -rf /tmp/${database}`;
  await runOk("bash", [
    "-euo",
    "pipefail",
    "-c",
    `mkdir '${folder}'; docker exec ${server.container} sh -c '${inside}' | tar -C '${folder}' -xf -`,
  ]);
  const live = await openLive(server, database, bench);
  const verdictOf = async (path: string) => {
    const servers = {
      runner: bench.tools.runner,
      clientImage: "unused",
      stageParent: bench.folder,
      note: bench.tools.note,
    };
    const check = { keyring: await openKeyring(bench.tools), reading: async () => ({ ...servers, live }) };
    const [verdict] = await verifyDumps([await findDump(bench, path)], bench.tools, check);
    return verdict?.fault?.reason;
  };
  expect(await verdictOf(folder)).toBeUndefined();
  const table = readdirSync(folder).find((name) => /^\d+\.dat/.test(name)) ?? "";
  rmSync(join(folder, table));
  const packed = join(bench.folder, "lacking.tar");
  await runOk("tar", ["-C", folder, "-cf", packed, "."]);
  for (const path of [folder, packed]) {
    expect([path, await verdictOf(path)]).toEqual([path, "damaged"]);
    const error = await rejection(restore(bench, live, path));
    expect(error).toMatchObject({ code: "dump_damaged", exit: 1 });
  }
  expect(await server.psql(database, "select count(*) from item")).toBe("100");
});
