import { describe, expect, test } from "bun:test";
import { describeChanges } from "../../../src/server/compose-changes.ts";
import { parseComposeConfig } from "../../../src/server/compose-config.ts";
import { readContainer } from "../../../src/server/container-inspect.ts";

const NAMELESS = "a".repeat(64);

/** A container with a port, a volume, a folder and one that docker named, and the file that it was made from. */
const container = readContainer(
  {
    Config: { Image: "postgres:17", Env: ["POSTGRES_PASSWORD=pw", "PATH=/bin"] },
    HostConfig: { PortBindings: { "5432/tcp": [{ HostIp: "127.0.0.1", HostPort: "5433" }] } },
    Mounts: [
      { Type: "volume", Name: "shop_data", Destination: "/var/lib/postgresql/data" },
      { Type: "bind", Source: "/code/init", Destination: "/docker-entrypoint-initdb.d" },
      { Type: "volume", Name: NAMELESS, Destination: "/other" },
    ],
  },
  { engine: "docker", local: true, sharesNetwork: true },
);
const SERVICE = {
  image: "postgres:17",
  environment: { POSTGRES_PASSWORD: "pw" },
  ports: [{ target: 5432, published: "5433", host_ip: "127.0.0.1", protocol: "tcp" }],
  volumes: [
    { type: "volume", source: "data", target: "/var/lib/postgresql/data" },
    { type: "bind", source: "/code/init", target: "/docker-entrypoint-initdb.d" },
    { type: "volume", target: "/other" },
  ],
};

function changes(changed: Record<string, unknown>): string[] {
  const services = { db: { ...SERVICE, ...changed } };
  const volumes = { data: { name: "shop_data" }, others: { name: "shop_others" } };
  return describeChanges(container, parseComposeConfig({ name: "shop", services, volumes }), "db");
}

describe("what would change", () => {
  const [data, init] = SERVICE.volumes;
  test.each([
    ["nothing", {}, []],
    ["the image", { image: "postgres:18" }, ["image postgres:17 becomes postgres:18"]],
    ["one that is built", { image: undefined }, []],
    [
      "variables, without their values",
      { environment: { POSTGRES_PASSWORD: "new", A: "secret" } },
      ["environment: A, POSTGRES_PASSWORD"],
    ],
    ["a volume that is left out", { volumes: [init] }, ["without shop_data at /var/lib/postgresql/data"]],
    [
      "another volume",
      { volumes: [{ type: "volume", source: "others", target: "/var/lib/postgresql/data" }, init] },
      ["/var/lib/postgresql/data is no longer in shop_data"],
    ],
    ["one more", { volumes: [data, init, { type: "bind", source: "/x", target: "/y" }] }, ["with /x at /y"]],
    ["no port", { ports: [] }, ["port 5432/tcp published no more"]],
    [
      "another port",
      { ports: [{ target: 5432, published: "5434", protocol: "tcp" }] },
      ["port 5432/tcp published otherwise"],
    ],
  ])("%s", (_, changed, expected) => {
    expect(changes(changed)).toEqual(expected);
  });

  test("of a service that the files do not have nothing is known", () => {
    expect(describeChanges(container, parseComposeConfig({ services: {} }), "db")).toEqual([]);
  });
});
