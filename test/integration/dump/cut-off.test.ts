import { afterAll, beforeAll, expect, test } from "bun:test";
import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Bench,
  createSmall,
  makeBench,
  openLive,
  rejection,
  restore,
  uniqueName,
} from "../../support/database.ts";
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
