/** A URL means to pgrove what it means to psql. Some in `npm test`; in the thorough form, thousands. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { openConnection } from "../../../src/postgres/connect.ts";
import { quoteIdentifier, quoteLiteral } from "../../../src/postgres/identifier.ts";
import { withOpened } from "../../../src/postgres/session.ts";
import { formatConnectionUrl, parseConnectionUrl } from "../../../src/postgres/url.ts";
import { newRunId } from "../../../src/sys/run-id.ts";
import { run } from "../../support/engine/run.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { trials } from "../../support/property.ts";

/** Names with signs that mean something in a URL or a connection string. */
const LOGINS = [
  ["url plain", "simple"],
  ["url:@/", "p@ss:w/rd?&="],
  ["url%41#", "it's \\ %20"],
] as const;
const DATABASES = ["url a/b?c", "url=x y", "url%25'"];

let server: TestServer;
let home: string;

beforeAll(async () => {
  server = await sharedServer(15);
  home = await mkdtemp(join(tmpdir(), "pgrove-url-"));
  for (const [user, password] of LOGINS) {
    await server.psql("postgres", `create role ${quoteIdentifier(user)} login password ${quoteLiteral(password)}`);
  }
  for (const database of DATABASES) await server.createDatabase(database);
});

afterAll(async () => {
  for (const database of DATABASES) await server.psql("postgres", `drop database ${quoteIdentifier(database)}`);
  for (const [user] of LOGINS) await server.psql("postgres", `drop role ${quoteIdentifier(user)}`);
  await rm(home, { recursive: true, force: true });
});

async function psql(url: string, script: string) {
  const env = { HOME: home, PGHOST: "", PGPORT: "", PGUSER: "", PGPASSWORD: "", PGDATABASE: "", LC_ALL: "C" };
  return await run("psql", ["-XAtq", "-w", "-d", url], { env, stdin: script });
}

/** Where psql says that it came: the variables that it keeps of its connection, and what the server says. */
async function seenByPsql(url: string): Promise<string[]> {
  const script =
    "\\echo :HOST\n\\echo :PORT\n\\echo :USER\n\\echo :DBNAME\nshow application_name;\nshow search_path;\n";
  const { code, stdout, stderr } = await psql(url, script);
  return code === 0 ? stdout.trimEnd().split("\n") : [stderr];
}

async function seenByUs(url: string): Promise<string[]> {
  const { host, port, user, database, ...rest } = parseConnectionUrl(url);
  const connect = () =>
    openConnection({ host, port, user, database, ...rest }, newRunId(new Date()), { label: "the test's server" });
  return await withOpened(connect, async (sql) => {
    const [row] = await sql<{ user: string; database: string; path: string }[]>`
      select current_user as user, current_database() as database, current_setting('search_path') as path`;
    if (row === undefined) throw new Error("no row");
    return [host, String(port), row.user, row.database, rest.parameters.application_name ?? "psql", row.path];
  });
}

/** Each sign as it is, where that may be, or percent-encoded: what is one text to libpq. */
const encoded = (text: string, free: RegExp) =>
  fc
    .array(fc.boolean(), { minLength: text.length, maxLength: text.length })
    .map((raw) => [...text].map((sign, at) => (raw[at] && free.test(sign) ? sign : encode(sign))).join(""));

function encode(sign: string): string {
  return [...new TextEncoder().encode(sign)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
}

/** A URL of the server: each part where it may stand, before the path or as a parameter. */
const url = fc
  .record({
    login: fc.constantFrom(...LOGINS),
    database: fc.constantFrom(...DATABASES),
    places: fc.record({
      user: fc.boolean(),
      password: fc.boolean(),
      host: fc.boolean(),
      port: fc.boolean(),
      database: fc.boolean(),
    }),
    further: fc.subarray([
      "sslmode=prefer",
      "application_name=x%20y",
      "options=-csearch_path%3Durl_path",
      "connect_timeout=20",
    ]),
    scheme: fc.constantFrom("postgres", "postgresql"),
  })
  .chain(({ login: [user, password], database, places, further, scheme }) => {
    const parameter = (name: string, value: string) => encoded(value, /[\w :@/?'-]/).map((text) => `${name}=${text}`);
    const port = String(server.port);
    const named = [
      places.user ? undefined : parameter("user", user),
      places.password && places.user ? undefined : parameter("password", password),
      places.host ? undefined : parameter("host", "127.0.0.1"),
      places.port && places.host ? undefined : parameter("port", port),
      places.database ? undefined : parameter("dbname", database),
    ].filter((each) => each !== undefined);
    return fc
      .tuple(
        encoded(user, /[\w #'?]/),
        encoded(password, /[\w #'?&=\\]/),
        encoded(database, /[\w /='#:@]/),
        fc
          .tuple(...named)
          .chain((all) => fc.shuffledSubarray([...all, ...further], { minLength: all.length + further.length })),
      )
      .map(([userText, passwordText, databaseText, parameters]) => {
        const secret = places.password ? `:${passwordText}` : "";
        const who = places.user ? `${userText}${secret}@` : "";
        const where = places.host ? `127.0.0.1${places.port ? `:${port}` : ""}` : "";
        const path = places.database ? databaseText : "";
        return `${scheme}://${who}${where}/${path}${parameters.length === 0 ? "" : `?${parameters.join("&")}`}`;
      });
  });

describe("a URL", () => {
  test("leads where psql goes, and comes back as one that leads there", async () => {
    const property = fc.asyncProperty(url, async (text) => {
      const seen = await seenByPsql(text);
      expect(await seenByUs(text)).toEqual(seen);
      expect(await seenByPsql(formatConnectionUrl(parseConnectionUrl(text), "show"))).toEqual(seen);
    });
    await fc.assert(property, trials(10, 2000));
  });

  test("that psql does not understand is refused, and no other", async () => {
    const sign = fc.constantFrom(
      ..."ab1:@/?&=,[]%'\\ #.-_".split(""),
      "%41",
      "%4",
      "%00",
      "host=",
      "sslmode=",
      "user=b",
    );
    const text = fc.array(sign, { maxLength: 14 }).map((all) => `postgres://${all.join("")}`);
    const property = fc.asyncProperty(text, async (written) => {
      const closed = `${written}${written.includes("?") ? "&" : "?"}host=127.0.0.1&port=1`;
      fc.pre(!isOurOwn(closed));
      const { stderr } = await psql(closed, "");
      const isUnderstood = /connection to server|could not translate host name/.test(stderr);
      expect([closed, isTaken(closed)]).toEqual([closed, isUnderstood]);
    });
    await fc.assert(property, trials(30, 5000));
  });

  test("of a service, with a password of ~/.pgpass, too", async () => {
    const [user, password] = LOGINS[1];
    const field = (text: string) => text.replaceAll("\\", "\\\\").replaceAll(":", "\\:");
    const line = ["127.0.0.1", server.port, "*", field(user), field(password)].join(":");
    await writeFile(join(home, ".pgpass"), `${line}\n`, { mode: 0o600 });
    const service = `[url]\nhost=127.0.0.1\nport=${server.port}\nuser=${user}\n`;
    await writeFile(join(home, ".pg_service.conf"), service);
    const given = process.env.HOME;
    process.env.HOME = home;
    try {
      const text = `postgres:///${encodeURIComponent(DATABASES[0] ?? "")}?service=url`;
      const { findPassfilePassword } = await import("../../../src/postgres/passfile.ts");
      expect(await findPassfilePassword(parseConnectionUrl(text))).toBe(password);
      expect(await seenByPsql(text)).toContain(user);
    } finally {
      process.env.HOME = given;
    }
  });
});

function isTaken(text: string): boolean {
  try {
    parseConnectionUrl(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Where we differ on purpose: no host's name and no port holds these signs (half a password may), a `=` in a value and an
 * empty parameter hurt nobody; bytes that are no text are refused.
 */
function isOurOwn(text: string): boolean {
  const rest = text.slice("postgres://".length).replace(/^[^@/]*@/, "");
  const [, authority = "", query = ""] = /^([^/?]*)[^?]*\??(.*)$/s.exec(rest) ?? [];
  return /[[\]@]|:[^,]*:/.test(authority) || /=[^&]*=|^&|&&/.test(query) || !isText(text);
}

function isText(encoded: string): boolean {
  const bytes = [...encoded.matchAll(/(?:%[0-9a-f]{2})+/gi)].map(([all]) =>
    Buffer.from(all.replaceAll("%", ""), "hex"),
  );
  return bytes.every((each) => Buffer.from(each.toString()).equals(each));
}

test("a session is the URL's, whatever libpq's variables in this process's environment say", async () => {
  const set = { PGTARGETSESSIONATTRS: "any", PGSSLNEGOTIATION: "direct", PGAPPNAME: "other", PGCONNECT_TIMEOUT: "x" };
  const before = { ...process.env };
  Object.assign(process.env, set);
  try {
    const [user] = LOGINS[0];
    const text = `postgres://${encodeURIComponent(user)}:${LOGINS[0][1]}@127.0.0.1:${server.port}/postgres`;
    expect((await seenByUs(text)).slice(2, 4)).toEqual([user, "postgres"]);
    expect(process.env.PGTARGETSESSIONATTRS).toBe("any");
  } finally {
    for (const name of Object.keys(set)) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  }
});
