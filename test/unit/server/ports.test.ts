import { describe, expect, test } from "bun:test";
import { choosePorts, type PortRequest, readPublishedPorts } from "../../../src/server/ports.ts";

const ONE = "7f1f0f5e-0d1c-4c38-9a0a-6a6f3c1d2e01";
const TWO = "7f1f0f5e-0d1c-4c38-9a0a-6a6f3c1d2e02";
const allFree = async () => true;

function choose(changes: Partial<PortRequest>, isFree: (port: number) => Promise<boolean> = allFree) {
  return choosePorts({ identity: ONE, names: { web: 3000 }, taken: new Set(), ...changes }, isFree);
}

describe("the ports of a worktree", () => {
  test("come from its identity and the name: the same each time, others for another worktree", async () => {
    const names = { db: 5432, web: 3000, api: 8080 };
    const first = await choose({ names });
    expect(Object.keys(first).sort()).toEqual(["api", "db", "web"]);
    expect(await choose({ names: { api: 8080, web: 3000, db: 5432 } })).toEqual(first);
    expect(await choose({ names, identity: TWO })).not.toEqual(first);
    for (const [name, base] of Object.entries(names)) {
      expect(first[name]).toBeGreaterThan(base);
      expect(first[name]).toBeLessThanOrEqual(base + 999);
    }
  });

  test("are the next ones when the first choice is taken or not free, from the start again at the end", async () => {
    const range = { from: 4000, to: 4004 };
    const first = (await choose({ range })).web ?? 0;
    const next = (port: number) => (port === 4004 ? 4000 : port + 1);
    expect(await choose({ range, taken: new Set([first]) })).toEqual({ web: next(first) });
    const busy = new Set([first, next(first)]);
    expect(await choose({ range }, async (port) => !busy.has(port))).toEqual({ web: next(next(first)) });
    for (let last = 4000; last <= 4004; last++) {
      expect(await choose({ range }, async (port) => port === last)).toEqual({ web: last });
    }
  });

  test("are never one port for two names, nor the main worktree's", async () => {
    const names = { web: 4000, api: 4001, db: 4005 };
    const chosen = await choose({ names, range: { from: 4000, to: 4005 } });
    expect(Object.values(chosen).sort()).toEqual([4002, 4003, 4004]);
  });

  test("stay among those that a user may bind, above privileged ports and below the last one", async () => {
    const chosen = await choose({ names: { http: 80, high: 65_535, top: 65_000 } });
    for (const port of Object.values(chosen)) {
      expect(port).toBeGreaterThanOrEqual(1024);
      expect(port).toBeLessThanOrEqual(65_534);
    }
  });

  test("that are used up are an error that names the range", async () => {
    const names = { web: 4000, api: 4001 };
    const failed = choose({ names, range: { from: 4000, to: 4002 } });
    await expect(failed).rejects.toMatchObject({ code: "ports_used_up", exit: 1 });
    await expect(failed).rejects.toThrow("4000 to 4002");
    await expect(choose({}, async () => false)).rejects.toThrow("3001 to 3999");
  });
});

test("published ports are read from bindings and current ports, ranges included", () => {
  const containers = [
    { HostConfig: { PortBindings: { "5432/tcp": [{ HostIp: "127.0.0.1", HostPort: "5433" }] } }, NetworkSettings: {} },
    {
      HostConfig: {
        PortBindings: { "80/tcp": [{ HostIp: "", HostPort: "9000-9002" }], "81/tcp": [{ HostIp: "", HostPort: "" }] },
      },
      NetworkSettings: { Ports: { "81/tcp": [{ HostIp: "0.0.0.0", HostPort: "32768" }], "82/tcp": null } },
    },
    { HostConfig: { PortBindings: null }, NetworkSettings: { Ports: null } },
    undefined,
  ];
  expect([...readPublishedPorts(containers)]).toEqual([5433, 9000, 9001, 9002, 32_768]);
});
