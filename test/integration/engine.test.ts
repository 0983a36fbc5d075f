import { afterAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cpuMsOf } from "../support/cpu-time.ts";
import { ensureCompose } from "../support/engine/compose.ts";
import { ensurePlainImage, majors } from "../support/engine/images.ts";
import { dropLeftovers } from "../support/engine/leftovers.ts";
import { isRoot } from "../support/engine/paths.ts";
import { run, runOk } from "../support/engine/run.ts";
import { sharedServer, startServer, type TestServer } from "../support/engine/server.ts";

const started: TestServer[] = [];

afterAll(async () => {
  for (const server of started) await server.remove();
});

describe.each([...majors])("PostgreSQL %d in a container", (major) => {
  test("honours its environment, is PID 1, and has its programs and zstd on PATH", async () => {
    const env = { POSTGRES_USER: "ann brien", POSTGRES_DB: "odd=name", POSTGRES_INITDB_ARGS: "--data-checksums" };
    const server = await startServer({ major, publish: false, env });
    started.push(server);

    expect(server.port).toBeUndefined();
    expect(await server.psql("odd=name", "SHOW server_version_num")).toStartWith(String(major));
    expect(await server.psql("odd=name", "SELECT current_user, current_database()")).toBe("ann brien|odd=name");
    expect(await server.psql("odd=name", "SHOW data_checksums; SHOW server_encoding")).toBe("on\nUTF8");
    expect((await server.exec(["cat", "/proc/1/comm"])).stdout.trim()).toBe("postgres");
    const programs = ["pg_dump", "pg_restore", "psql", "pgbench", "zstd", "gzip", "tar", "bash"];
    for (const program of programs) {
      expect(await server.exec([program, "--version"])).toMatchObject({ code: 0 });
    }
    expect((await server.exec(["pg_dump", "--version"])).stdout).toContain(` ${major}.`);
  });

  test("is shared by the tests of a run, published on 127.0.0.1, and asks strangers for a password", async () => {
    const server = await sharedServer(major);
    expect(await sharedServer(major)).toBe(server);
    expect(server.port).toBeGreaterThan(0);

    const database = `engine_test_${process.pid}`;
    await server.createDatabase(database);
    await server.psql(database, "CREATE EXTENSION citext; CREATE EXTENSION hstore; CREATE EXTENSION pg_trgm");
    await server.psql(database, "CREATE EXTENSION pgcrypto; CREATE COLLATION en (locale = 'en_US.utf8')");
    expect(await server.psql("postgres", "SELECT auth_method FROM pg_hba_file_rules WHERE address = 'all'")).toBe(
      "scram-sha-256",
    );
    await server.psql("postgres", `DROP DATABASE ${database}`);
  });
});

test("waiting for psql costs no processor time", async () => {
  const server = await sharedServer(17);
  const seconds = 1;
  expect(await cpuMsOf(() => server.psql("postgres", `SELECT pg_sleep(${seconds})`))).toBeLessThan(seconds * 200);
});

test("a server keeps its data over a stop, a kill and a start", async () => {
  const server = await startServer({ major: 17 });
  started.push(server);
  const firstStart = await server.startTime();
  await server.psql("postgres", "CREATE TABLE kept AS SELECT 42 AS answer");
  await server.stop();
  await server.start();
  expect(server.port).toBeGreaterThan(0);
  expect(await server.startTime()).not.toBe(firstStart);
  await server.kill();
  await server.start();
  expect(await server.psql("postgres", "SELECT answer FROM kept")).toBe("42");
});

test("a server on a small tmpfs runs out of space", async () => {
  const server = await startServer({ major: 17, publish: false, tmpfsMb: 160 });
  started.push(server);
  const fill = server.psql(
    "postgres",
    "CREATE TABLE big AS SELECT repeat(md5(i::text), 60) FROM generate_series(1, 200000) i",
  );
  await expect(fill).rejects.toThrow("No space left on device");
});

test("the init folder's SQL and shell files run before the server takes connections", async () => {
  const image = (await sharedServer(17)).image;
  const script = [
    "echo 'CREATE TABLE from_sql (id int)' > /docker-entrypoint-initdb.d/1.sql",
    "echo 'psql -U postgres -c \"CREATE TABLE from_shell (id int)\"' > /docker-entrypoint-initdb.d/2.sh",
    "exec docker-entrypoint.sh postgres",
  ].join("; ");
  const server = await startServer({ major: 17, publish: false, command: ["bash", "-c", script] });
  started.push(server);
  expect(server.image).toBe(image);
  const tables = "SELECT relname FROM pg_class WHERE relname LIKE 'from\\_%' ORDER BY 1";
  expect(await server.psql("postgres", tables)).toBe("from_shell\nfrom_sql");
});

test("the plain image has bash and neither PostgreSQL nor a JavaScript engine", async () => {
  const image = await ensurePlainImage();
  const list = "for name in bash psql pg_dump node bun; do command -v $name; done; true";
  const found = await run("docker", ["run", "--rm", "--label", "pgrove-test=1", image, "bash", "-c", list]);
  expect(found.stdout.trim()).toMatch(/^(\/usr)?\/bin\/bash$/);
});

test("docker compose 2.24 or newer answers", async () => {
  await ensureCompose();
  const version = (await run("docker", ["compose", "version", "--short"])).stdout.trim();
  expect(Bun.semver.satisfies(version.replace(/^v/, "").replace(/-.*/, ""), ">=2.24.0")).toBe(true);
});

// Only root has an engine of its own, whose leftovers there are.
test.skipIf(!isRoot)("what a killed engine left does not answer in place of the next one's servers", async () => {
  const engine = await mkdtemp(join(tmpdir(), "pgrove-engine-"));
  const [dataRoot, execRoot] = [join(engine, "data"), join(engine, "exec")];
  const [namespaces, networks] = [join(execRoot, "netns"), join(dataRoot, "network/files")];
  await mkdir(namespaces, { recursive: true });
  await mkdir(networks, { recursive: true });
  const addresses = join(namespaces, "8b2c297d28b5");
  await writeFile(addresses, "");
  await runOk("unshare", [`--net=${addresses}`, "true"]);
  const mounts = () => readFile("/proc/self/mounts", "utf8");
  expect(await mounts()).toContain(addresses);
  await dropLeftovers({ dataRoot, execRoot });
  expect(await mounts()).not.toContain(addresses);
  expect([existsSync(namespaces), existsSync(networks)]).toEqual([false, false]);
  await rm(engine, { recursive: true });
});
