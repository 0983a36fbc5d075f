import { describe, expect, test } from "bun:test";
import { parse } from "yaml";
import { parseComposeConfig } from "../../../src/server/compose-config.ts";
import { listPublishedPorts, renderOverride } from "../../../src/server/compose-override.ts";

const owner = { repository: "r-uuid", worktree: "w-uuid" };
const labels = { "dev.pgrove.repository": "r-uuid", "dev.pgrove.worktree": "w-uuid" };

const port = (target: number, published?: string, host_ip?: string) => ({
  mode: "ingress",
  target,
  protocol: "tcp",
  published,
  host_ip,
});

/** As compose prints it for the project `onyx-auth`. */
const config = parseComposeConfig({
  name: "onyx-auth",
  services: {
    db: {
      container_name: "onyx-postgres",
      environment: { POSTGRES_PASSWORD: "x" },
      networks: { back: { ipv4_address: "10.9.0.5" }, proxy: null },
      ports: [port(5432, "5432", "127.0.0.1"), port(5432, "5432", "::1")],
    },
    web: { networks: { default: null, proxy: null }, ports: [port(3000, "3000"), port(9229, "9229-9239")] },
    docs: { ports: [port(80, "8080"), port(7000)] },
    mail: { ports: [port(1025, "1025"), port(8025, "8025")] },
    worker: { network_mode: "service:db", environment: null },
  },
  volumes: { data: { name: "onyx-data" }, cache: { name: "onyx-auth_cache" }, shared: { name: "s", external: true } },
  networks: {
    default: { name: "onyx-auth_default", ipam: {} },
    back: { name: "onyx-net", ipam: { config: [{ subnet: "10.9.0.0/24" }] } },
    proxy: { name: "proxy", external: true },
  },
});

const configured = { web: 3000, docs: 4000 };
const published = listPublishedPorts(config, { service: "db", configured });

describe("published ports are called", () => {
  test("db, as pgrove.yaml names them, like their service, or by service and port inside", () => {
    expect(published).toEqual({
      db: { service: "db", target: 5432, published: 5432 },
      web: { service: "web", target: 3000, published: 3000 },
      web_9229: { service: "web", target: 9229, published: 9229 },
      docs_80: { service: "docs", target: 80, published: 8080 }, // docs is a name of pgrove.yaml's for another port
      mail_1025: { service: "mail", target: 1025, published: 1025 },
      mail_8025: { service: "mail", target: 8025, published: 8025 },
    });
    const plain = listPublishedPorts(config, { service: "db", configured: {} });
    expect(plain).toMatchObject({ docs: { published: 8080 }, web_3000: { published: 3000 } });
  });

  test("as before once the files take them from the worktree's env file", () => {
    const again = parseComposeConfig({
      services: { web: { ports: [port(3000, "3117"), port(9229, "9229")] }, db: { ports: [port(5432, "5600")] } },
    });
    const allocated = { web: 3117, db: 5600, web_9229: 9301 };
    expect(Object.keys(listPublishedPorts(again, { service: "db", configured, allocated })).sort()).toEqual([
      "db",
      "web",
      "web_9229",
    ]);
  });

  test("db also where the server listens on another port inside, and nothing else is", () => {
    const other = parseComposeConfig({
      services: {
        pg: { environment: { PGPORT: 6000 }, ports: [port(6000, "6001")] },
        db: { ports: [port(5432, "1")] },
      },
    });
    expect(listPublishedPorts(other, { service: "pg", configured: { db: 1 } })).toEqual({
      db: { service: "pg", target: 6000, published: 6001 },
      db_5432: { service: "db", target: 5432, published: 1 },
    });
  });
});

describe("the override", () => {
  const ports = { db: 5501, web: 3101, web_9229: 9301, docs_80: 8101, mail_1025: 1101, mail_8025: 8201 };
  const text = renderOverride(config, { published, ports, owner });
  const override = parse(text, { logLevel: "error" });

  test("gives each service its labels and host ports, at the addresses of the files", () => {
    expect(Object.keys(override.services)).toEqual(["db", "web", "docs", "mail", "worker"]);
    for (const service of Object.values(override.services)) expect(service).toMatchObject({ labels });
    expect(override.services.db.ports).toEqual([
      { target: 5432, protocol: "tcp", host_ip: "127.0.0.1", published: "5501" },
      { target: 5432, protocol: "tcp", host_ip: "::1", published: "5501" },
    ]);
    expect(override.services.docs.ports).toEqual([
      { target: 80, protocol: "tcp", published: "8101" },
      { target: 7000, protocol: "tcp" },
    ]);
    expect(override.services.worker).toEqual({ labels });
    expect(text.match(/ports: !override \[/g)).toHaveLength(4);
  });

  test("takes fixed container names off and keeps them as aliases in the project's own networks", () => {
    expect(text).toContain("container_name: !reset null");
    expect(override.services.db.networks).toEqual({ back: { aliases: ["onyx-postgres"], ipv4_address: "null" } });
    expect(override.services.web.networks).toBeUndefined();
  });

  test("names the project's own volumes and networks after it, and leaves the external ones", () => {
    expect(override.volumes).toEqual({ data: { labels, name: "onyx-auth_data" }, cache: { labels } });
    expect(override.networks).toEqual({
      default: { labels },
      back: { labels, name: "onyx-auth_back", ipam: "null" },
    });
  });

  test("is refused when a port has no number", () => {
    const { web: _web, ...rest } = ports;
    const lacking = () => renderOverride(config, { published, ports: rest, owner });
    expect(lacking).toThrow("no port of its own for web, which the compose files publish at 3000");
  });
});
