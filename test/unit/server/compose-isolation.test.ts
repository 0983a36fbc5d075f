import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isOlderCompose, parseComposeConfig } from "../../../src/server/compose-config.ts";
import { requireIsolatable } from "../../../src/server/compose-isolation.ts";

let root: string;
let checkout: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "pgrove-isolation-"));
  checkout = join(root, "checkout");
  await mkdir(join(root, "main/pgdata"), { recursive: true });
  await mkdir(checkout);
  await symlink(join(root, "main/pgdata"), join(checkout, "linked"));
});

afterAll(() => rm(root, { recursive: true, force: true }));

const DATA = "/var/lib/postgresql/data";

function check(db: object, volumes: object = {}): Promise<void> {
  const networks = { default: { name: "x_default" }, shared: { name: "shared", external: true } };
  const config = parseComposeConfig({ name: "x", services: { db }, volumes, networks });
  return requireIsolatable(config, "db", checkout);
}

const mount = (type: string, source: string | undefined, target: string, read_only = false) => ({
  volumes: [{ type, source, target, read_only }],
});

test("a database with data of its own is fine, whatever else it mounts", async () => {
  await check({ networks: { default: null } });
  await check(mount("volume", "data", DATA), { data: { name: "fixed" } });
  await check(mount("volume", undefined, DATA));
  await check(mount("bind", join(checkout, "pgdata"), DATA));
  await check(mount("bind", join(root, "main/init"), "/docker-entrypoint-initdb.d"));
  await check(mount("bind", "/etc/postgresql.conf", `${DATA}/postgresql.conf`, true));
  await check(mount("volume", "ram", DATA), { ram: { driver_opts: { type: "tmpfs", device: "tmpfs" } } });
});

const folder = (target: string) => mount("bind", "/srv/pgdata", target);

test.each([
  ["the host's network", { network_mode: "host" }, {}, "network_mode: host"],
  ["another container's network", { network_mode: "container:pg" }, {}, "network_mode: container:pg"],
  ["an external network", { networks: { shared: null } }, {}, "external network shared"],
  ["another container's volumes", { volumes_from: ["container:old"] }, {}, "container:old"],
  ["an external volume", mount("volume", "d", "/x"), { d: { name: "prod", external: true } }, "external volume prod"],
  ["a folder elsewhere", folder(DATA), {}, "/srv/pgdata, outside the worktree"],
  ["a folder above the data", folder("/var/lib"), {}, "/srv/pgdata"],
  ["a folder for version 18", folder("/var/lib/postgresql/18/docker"), {}, "/srv/pgdata"],
  ["a folder at PGDATA", { ...folder("/db/pg"), environment: { PGDATA: "/db/pg/17" } }, {}, "/srv/pgdata"],
  ["a folder after -D", { ...folder("/data"), command: ["postgres", "-D", "/data"] }, {}, "/srv/pgdata"],
  [
    "a folder in a shell's line",
    { ...folder("/data"), command: ["sh", "-c", "exec postgres -D '/data/17'"] },
    {},
    "/srv",
  ],
  ["a folder by a setting", { ...folder("/x"), command: ["postgres", "-c", "data_directory=/x/y"] }, {}, "/srv/pgdata"],
  ["a folder of another image's", { ...folder("/x"), environment: { POSTGRESQL_DATA_DIR: "/x" } }, {}, "/srv/pgdata"],
  [
    "a folder behind a volume",
    mount("volume", "d", "/x"),
    { d: { driver_opts: { o: "bind", device: "/srv/d" } } },
    "/srv/d",
  ],
  [
    "a share behind a volume",
    mount("volume", "d", "/x"),
    { d: { driver_opts: { type: "nfs", device: ":/d" } } },
    ":/d",
  ],
])("%s is refused with a way out", async (_what, db, volumes, said) => {
  await expect(check(db, volumes)).rejects.toMatchObject({
    exit: 3,
    hint: expect.stringContaining("isolation: database"),
  });
  await expect(check(db, volumes)).rejects.toThrow(said);
});

test("a folder with a cluster in it is data, wherever the image keeps it", async () => {
  const mounted = mount("bind", join(root, "main/other"), "/anywhere");
  await mkdir(join(root, "main/other/17/docker"), { recursive: true });
  await check(mounted);
  await writeFile(join(root, "main/other/17/docker/PG_VERSION"), "17\n");
  await expect(check(mounted)).rejects.toThrow("outside the worktree");
});

test("a link in the checkout to a folder elsewhere is that folder", async () => {
  await expect(check(mount("bind", join(checkout, "linked"), DATA))).rejects.toThrow("outside the worktree");
});

test("a service that is not there is an error with the names of those that are", async () => {
  const config = parseComposeConfig({ services: { pg: {}, web: {} } });
  await expect(requireIsolatable(config, "db", checkout)).rejects.toMatchObject({ exit: 3 });
  await expect(requireIsolatable(config, "db", checkout)).rejects.toThrow("no service db");
});

test.each([
  ["2.24.3", true],
  ["v2.20.1", true],
  ["1.29.2", true],
  ["2.24.4", false],
  ["2.26.1-4", false],
  ["v2.39.1-desktop.1", false],
  ["5.0", false],
  ["dev", false],
])("compose %p is too old to be overridden: %p", (version, expected) => {
  expect(isOlderCompose(version)).toBe(expected);
});
