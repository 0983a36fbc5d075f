import { describe, expect, test } from "bun:test";
import { accessOf, readContainer, stateOf } from "../../../src/server/container-inspect.ts";

const here = { engine: "docker" as const, local: true, sharesNetwork: true };
const elsewhere = { engine: "docker" as const, local: false, sharesNetwork: false };

interface Shape {
  state?: Record<string, unknown>;
  env?: string[];
  ports?: Record<string, unknown>;
  bindings?: Record<string, unknown>;
  networks?: Record<string, unknown>;
  networkMode?: string;
  image?: string;
  command?: string[];
  mounts?: Record<string, unknown>[];
}

function inspected(shape: Shape): unknown {
  return {
    Id: "abc",
    Name: "/app-db-1",
    State: { Status: "running", ExitCode: 0, StartedAt: "2026-01-15T14:30:22Z", ...shape.state },
    Path: shape.command?.[0] ?? "docker-entrypoint.sh",
    Args: shape.command?.slice(1) ?? ["postgres"],
    Mounts: shape.mounts ?? [],
    Config: { Image: shape.image ?? "postgres:17", Env: shape.env ?? [] },
    HostConfig: { NetworkMode: shape.networkMode ?? "app_default", PortBindings: shape.bindings ?? {} },
    NetworkSettings: { Ports: shape.ports ?? {}, Networks: shape.networks ?? {} },
  };
}

const published = (shape: Shape, place = here) => readContainer(inspected(shape), place).published;

describe("the published port", () => {
  test("on every address is reached at 127.0.0.1, IPv4 first", () => {
    const ports = {
      "5432/tcp": [
        { HostIp: "::", HostPort: "32768" },
        { HostIp: "0.0.0.0", HostPort: "32771" },
      ],
    };
    expect(published({ ports })?.host).toBe("127.0.0.1");
    const both = {
      "5432/tcp": [
        { HostIp: "::1", HostPort: "1" },
        { HostIp: "127.0.0.1", HostPort: "2" },
      ],
    };
    expect(published({ ports: both })).toEqual({ host: "127.0.0.1", port: 2 });
  });

  test("on one address stays there", () => {
    expect(published({ ports: { "5432/tcp": [{ HostIp: "192.0.2.7", HostPort: "5433" }] } })).toEqual({
      host: "192.0.2.7",
      port: 5433,
    });
  });

  test("is that of PGPORT where the container sets it", () => {
    const ports = { "5432/tcp": [{ HostIp: "", HostPort: "1" }], "6000/tcp": [{ HostIp: "", HostPort: "2" }] };
    expect(published({ ports, env: ["PGPORT=6000"] })).toEqual({ host: "127.0.0.1", port: 2 });
  });

  test("is that of the server's command line, whatever else is published", () => {
    const ports = { "5432/tcp": [{ HostIp: "", HostPort: "1" }], "5433/tcp": [{ HostIp: "", HostPort: "2" }] };
    const facts = readContainer(inspected({ ports, command: ["docker-entrypoint.sh", "-p", "5433"] }), here);
    expect(facts).toMatchObject({ inside: 5433, published: { host: "127.0.0.1", port: 2 } });
  });

  test("of a stopped container is its fixed binding, and none where docker chooses", () => {
    const state = { Status: "exited" };
    expect(published({ state, bindings: { "5432/tcp": [{ HostIp: "", HostPort: "5433" }] } })?.port).toBe(5433);
    expect(published({ state, bindings: { "5432/tcp": [{ HostIp: "", HostPort: "" }] } })).toBeUndefined();
  });

  test("is not used when the engine is elsewhere; nor when nothing is published", () => {
    const ports = { "5432/tcp": [{ HostIp: "0.0.0.0", HostPort: "5432" }] };
    expect(published({ ports }, elsewhere)).toBeUndefined();
    expect(published({ ports: { "5432/tcp": null } })).toBeUndefined();
  });

  test("in the host's network is the server's own, where that network is this machine's", () => {
    expect(published({ networkMode: "host" })).toEqual({ host: "127.0.0.1", port: 5432 });
    expect(
      published({ networkMode: "host" }, { engine: "docker" as const, local: true, sharesNetwork: false }),
    ).toBeUndefined();
  });
});

test("the container's addresses in all its networks", () => {
  const networks = {
    a: { IPAddress: "172.18.0.2", GlobalIPv6Address: "" },
    b: { IPAddress: "172.19.0.2", GlobalIPv6Address: "fd00::2" },
  };
  expect(readContainer(inspected({ networks }), here).addresses).toEqual(["172.18.0.2", "172.19.0.2", "fd00::2"]);
  expect(readContainer(inspected({ networks: { host: { IPAddress: "" } } }), here).addresses).toEqual([]);
});

test.each([
  [{}, "running", undefined],
  [{ Health: { Status: "starting" } }, "running", "its health check has not passed yet"],
  [{ Health: { Status: "unhealthy" } }, "running", "its health check fails"],
  [{ Status: "restarting", ExitCode: 1 }, "starting", "restarting again and again, exit code 1"],
  [{ Status: "paused" }, "stopped", "paused; docker unpause app-db-1 wakes it"],
  [{ Status: "exited", ExitCode: 137 }, "stopped", "exited with code 137"],
  [{ Status: "exited", ExitCode: 0 }, "stopped", "exited"],
  [{ Status: "created" }, "stopped", "created, never started"],
])("the state %j is %p", (state, condition, detail) => {
  const found = stateOf(readContainer(inspected({ state }), here));
  expect([found.condition, found.detail]).toEqual([condition as typeof found.condition, detail]);
  expect(found.startedAt).toBe(condition === "stopped" || "Status" in state ? undefined : "2026-01-15T14:30:22Z");
});

test("what is mounted: volumes by their names, folders by their paths", () => {
  const mounts = [
    { Type: "bind", Source: "/home/ann/pw", Destination: "/run/secrets/pw" },
    { Type: "volume", Name: "x", Source: "/var/lib/docker/volumes/x/_data", Destination: "/var/lib/postgresql/data" },
  ];
  expect(readContainer(inspected({ mounts }), here).mounts).toEqual([
    { type: "bind", source: "/home/ann/pw", target: "/run/secrets/pw" },
    { type: "volume", source: "x", target: "/var/lib/postgresql/data" },
  ]);
});

describe("the login", () => {
  const env = ["POSTGRES_USER=ann", "POSTGRES_PASSWORD=a=b", "POSTGRES_DB=app"];
  const facts = readContainer(inspected({ env }), here);

  test("comes from the container where pgrove.yaml is silent", () => {
    expect(accessOf(facts, {})).toEqual({ user: "ann", password: "a=b", database: "app" });
    expect(accessOf(readContainer(inspected({}), here), {})).toEqual({ user: "postgres", database: "postgres" });
    expect(accessOf(readContainer(inspected({ env: ["POSTGRES_USER=ann"] }), here), {}).database).toBe("ann");
  });

  test("of pgrove.yaml wins, and another user does not get the owner's password", () => {
    expect(accessOf(facts, { password: "own", database: "other" })).toEqual({
      user: "ann",
      password: "own",
      database: "other",
    });
    expect(accessOf(facts, { user: "bob" })).toEqual({ user: "bob", database: "app" });
  });
});
