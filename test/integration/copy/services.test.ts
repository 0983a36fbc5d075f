import { afterAll, beforeAll, expect, test } from "bun:test";
import { copyDatabase } from "../../../src/copy/copy.ts";
import type { LiveTarget } from "../../../src/resolve/target.ts";
import {
  type Bench,
  copyRequest,
  createSmall,
  makeBench,
  openLive,
  rejection,
  uniqueName,
} from "../../support/database.ts";
import { ensurePlainImage } from "../../support/engine/images.ts";
import { runOk } from "../../support/engine/run.ts";
import { sharedServer, type TestServer, testLabels } from "../../support/engine/server.ts";

let server: TestServer;
let bench: Bench;
const services = [uniqueName("service"), uniqueName("service")];
const idle = uniqueName("idle");

/** A database of the server that the services belong to. */
async function openServed(database: string): Promise<LiveTarget> {
  const live = await openLive(server, database, bench);
  return { ...live, target: { ...live.target, hasServices: true } };
}

const state = async (name: string) =>
  (await runOk("docker", ["inspect", "-f", "{{.State.Status}} {{.State.StartedAt}}", name])).trim();

beforeAll(async () => {
  server = await sharedServer(17);
  bench = await makeBench();
  const image = await ensurePlainImage();
  const labels = Object.entries(testLabels()).flatMap(([key, value]) => ["--label", `${key}=${value}`]);
  for (const name of [...services, idle]) {
    const main = "trap 'exit 0' TERM; while :; do read -t 1 < <(:) || read -t 0.2 <> <(:); done";
    await runOk("docker", ["run", "-d", "--name", name, ...labels, image, "bash", "-c", main]);
  }
  await runOk("docker", ["stop", "-t", "1", idle]);
});
afterAll(async () => {
  await runOk("docker", ["rm", "-f", ...services, idle]);
  await bench.remove();
});

test("those that ran are stopped for the swap and started again; one that was stopped stays so", async () => {
  const [from, to] = [uniqueName("from"), uniqueName("to")];
  await createSmall(server, from, 5);
  await createSmall(server, to, 6); // what uses a database that is not there yet is not disturbed
  const [before, stopped] = [await Promise.all(services.map(state)), await state(idle)];
  const seen: string[][] = [];
  const live = await openServed(to);
  const { stopServices } = live.server;
  const watched = {
    ...live.server,
    stopServices: async (names: readonly string[], about: Parameters<typeof stopServices>[1]) => {
      const handles = await stopServices(names, about);
      seen.push(await Promise.all(services.map(state)));
      return handles;
    },
  };
  const answer = await copyDatabase(
    bench.tools,
    await openLive(server, from, bench),
    { ...live, server: watched },
    copyRequest({ services: [...services, idle] }),
  );
  expect(answer.servicesRestarted).toBe(2);
  expect(seen.flat().map((one) => one.split(" ")[0])).toEqual(["exited", "exited"]);
  const after = await Promise.all(services.map(state));
  for (const [index, one] of after.entries()) {
    expect(one).toStartWith("running ");
    expect(one).not.toBe(before[index] ?? "");
  }
  expect(await state(idle)).toBe(stopped);
});

test("they run again when the swap fails", async () => {
  const [from, to] = [uniqueName("from"), uniqueName("to")];
  await createSmall(server, from, 5);
  await createSmall(server, to, 6);
  const gid = uniqueName("gid");
  const live = await openServed(to);
  const late = {
    ...live.server,
    stopServices: async (...args: Parameters<typeof live.server.stopServices>) => {
      const handles = await live.server.stopServices(...args);
      await server.psql(to, `begin; insert into tag values (1, 'x'); prepare transaction '${gid}'`);
      return handles;
    },
  };
  try {
    const copying = copyDatabase(
      bench.tools,
      await openLive(server, from, bench),
      { ...live, server: late },
      copyRequest({ services }),
    );
    expect(await rejection(copying)).toMatchObject({ code: "database_bound", exit: 5 });
  } finally {
    await server.psql(to, `rollback prepared '${gid}'`);
  }
  for (const name of services) expect(await state(name)).toStartWith("running ");
  expect(await server.psql(to, "select count(*) from item")).toBe("6");
});

test("a target on another server stops none, and needs none to be there", async () => {
  const [from, to] = [uniqueName("from"), uniqueName("to")];
  await createSmall(server, from, 5);
  const before = await Promise.all(services.map(state));
  const [source, live] = [await openServed(from), await openLive(server, to, bench)];
  const request = copyRequest({ services: [...services, uniqueName("nobody")] });
  expect((await copyDatabase(bench.tools, source, live, request)).servicesRestarted).toBe(0);
  expect(await Promise.all(services.map(state))).toEqual(before);
});
