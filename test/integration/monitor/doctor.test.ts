/** What `doctor` finds in a server, and mends. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { checkInside } from "../../../src/monitor/doctor-server.ts";
import { type Bench, makeBench, openLive, uniqueName } from "../../support/database.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { holdInPlace } from "../../support/faults/gates.ts";

let server: TestServer;
let bench: Bench;

beforeAll(async () => {
  [server, bench] = await Promise.all([sharedServer(18), makeBench()]);
});
afterAll(() => bench.remove());

test("a database that was dropped half-way is named, and its rest dropped; one that is being dropped is not", async () => {
  const [own, halved] = [uniqueName("own"), uniqueName("halved")];
  for (const each of [own, halved]) await server.createDatabase(each);
  await server.psql("postgres", `update pg_database set datconnlimit = -2 where datname = '${halved}'`);
  const live = await openLive(server, own, bench);
  const look = async () => {
    const checks = await checkInside(live, new Date(), async () => bench.tools);
    return checks.find(({ name, found }) => name === "databases" && found.includes(halved));
  };
  const dropping = await holdInPlace(server, halved);
  expect(await look()).toBeUndefined();
  await dropping.open();
  const found = await look();
  expect(found).toMatchObject({ state: "problem", fix: expect.stringContaining("doctor --fix") });
  const mend = found?.mends?.find(({ what }) => what.includes(halved));
  await mend?.run();
  expect(await server.psql("postgres", `select count(*) from pg_database where datname = '${halved}'`)).toBe("0");
  expect(await look()).toBeUndefined();
});
