/** Our own sessions are encrypted as psql's are: with the same files, and the same demands on the server. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { copyFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openConnection } from "../../../src/postgres/connect.ts";
import { withOpened } from "../../../src/postgres/session.ts";
import { parseConnectionUrl } from "../../../src/postgres/url.ts";
import { newRunId } from "../../../src/sys/run-id.ts";
import { run, runOk } from "../../support/engine/run.ts";
import { startServer, type TestServer } from "../../support/engine/server.ts";

const FIXTURES = join(import.meta.dir, "../../support/fixtures/tls");
const INSIDE = "/var/lib/postgresql/tls";

/** Who may come in which way, from outside. */
const HBA = [
  "hostssl all ann all cert",
  "hostssl all guarded all scram-sha-256",
  "hostnossl all open all scram-sha-256",
];

let server: TestServer;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pgrove-tls-"));
  server = await startServer({ major: 15 });
  for (const name of ["ca.crt", "client.crt", "client.key"]) {
    await copyFile(join(FIXTURES, name), join(folder, name));
    await runOk("chmod", [name === "client.key" ? "600" : "644", join(folder, name)]);
  }
  await copyFile(join(folder, "client.key"), join(folder, "open.key"));
  await runOk("chmod", ["644", join(folder, "open.key")]);
  for (const name of ["ca.crt", "server.crt", "server.key"]) {
    const put = `mkdir -p ${INSIDE}; cat > ${INSIDE}/${name}; chown -R postgres ${INSIDE}; chmod 600 ${INSIDE}/${name}`;
    await server.exec(["sh", "-c", put], { stdin: await readFile(join(FIXTURES, name)) });
  }
  for (const role of ["ann", "guarded", "open"])
    await server.psql("postgres", `create role ${role} login password 'word'`);
  const rules = await server.psql("postgres", "show hba_file");
  await server.exec(["sh", "-c", `cat > /tmp/hba; sed -i '/^host all all all/d' ${rules}; cat /tmp/hba >> ${rules}`], {
    stdin: `${HBA.join("\n")}\nhost all postgres all scram-sha-256\n`,
  });
  const set = (name: string, value: string) => server.psql("postgres", `alter system set ${name} = '${value}'`);
  await set("ssl_ca_file", `${INSIDE}/ca.crt`);
  await set("ssl_cert_file", `${INSIDE}/server.crt`);
  await set("ssl_key_file", `${INSIDE}/server.key`);
  await set("ssl", "on");
  await server.psql("postgres", "select pg_reload_conf()");
});

afterAll(async () => {
  await server.remove();
  await rm(folder, { recursive: true, force: true });
});

const QUESTION = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";

async function byPsql(url: string): Promise<string> {
  const env = { HOME: folder, PGHOST: "", PGUSER: "", LC_ALL: "C" };
  const { code, stdout } = await run("psql", ["-XAtqw", "-d", url, "-c", QUESTION], { env, cwd: folder });
  return code === 0 ? (stdout.trim() === "t" || stdout.trim() === "true" ? "encrypted" : "plain") : "refused";
}

async function byUs(url: string): Promise<string> {
  const connection = parseConnectionUrl(url);
  const open = () => openConnection(connection, newRunId(new Date()), { label: "the test's server" });
  try {
    const [row] = await withOpened(open, (sql) => sql.unsafe<{ ssl: boolean }[]>(QUESTION));
    return row?.ssl ? "encrypted" : "plain";
  } catch {
    return "refused";
  }
}

/** `FOLDER`: that of the certificates. */
test.each([
  ["postgres", "127.0.0.1", "sslmode=disable", "plain"],
  ["postgres", "127.0.0.1", "sslmode=allow", "plain"],
  ["postgres", "127.0.0.1", "", "encrypted"],
  ["postgres", "127.0.0.1", "sslmode=require", "encrypted"],
  ["postgres", "127.0.0.1", "sslmode=require&ssl_max_protocol_version=TLSv1.2", "encrypted"],
  ["postgres", "127.0.0.1", "sslmode=verify-ca", "refused"],
  ["postgres", "127.0.0.1", "sslmode=verify-ca&sslrootcert=FOLDER/ca.crt", "encrypted"],
  ["postgres", "127.0.0.1", "sslmode=verify-ca&sslrootcert=FOLDER/client.crt", "refused"],
  ["postgres", "127.0.0.1", "sslmode=require&sslrootcert=FOLDER/client.crt", "refused"],
  ["postgres", "127.0.0.1", "sslmode=verify-full&sslrootcert=FOLDER/ca.crt", "refused"],
  ["postgres", "db.test", "hostaddr=127.0.0.1&sslmode=verify-full&sslrootcert=FOLDER/ca.crt", "encrypted"],
  ["ann", "127.0.0.1", "sslmode=require&sslcert=FOLDER/client.crt&sslkey=FOLDER/client.key", "encrypted"],
  ["ann", "127.0.0.1", "sslmode=require&sslcert=FOLDER/client.crt&sslkey=FOLDER/open.key", "refused"],
  ["ann", "127.0.0.1", "sslmode=require", "refused"],
  ["guarded", "127.0.0.1", "sslmode=allow", "encrypted"],
  ["guarded", "127.0.0.1", "sslmode=disable", "refused"],
  ["open", "127.0.0.1", "sslmode=prefer", "plain"],
  ["open", "127.0.0.1", "sslmode=require", "refused"],
])("%s at %s, %s: %s", async (user, host, parameters, expected) => {
  const password = user === "postgres" ? server.password : "word";
  const query = parameters.replaceAll("FOLDER", folder);
  const url = `postgres://${user}:${password}@${host}:${server.port}/postgres?connect_timeout=60&${query}`.replace(
    /&$/,
    "",
  );
  expect([await byUs(url), await byPsql(url)]).toEqual([expected, expected]);
});
