import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultUser } from "../../../src/postgres/libpq-defaults.ts";
import {
  type Connection,
  connectionEnvironment,
  eachAddress,
  formatConnectionUrl,
  isConnectionString,
  isUrl,
  parseConnectionUrl,
} from "../../../src/postgres/url.ts";

describe("a database URL", () => {
  test("is read in all its parts", () => {
    expect(
      parseConnectionUrl("postgres://an%20n:p%40ss%2Fw@db.example:6000/my%20db?sslmode=require&options=-c%20x"),
    ).toEqual({
      host: "db.example",
      port: 6000,
      user: "an n",
      password: "p@ss/w",
      database: "my db",
      parameters: { sslmode: "require", options: "-c x" },
    });
  });

  test("has libpq's defaults", () => {
    const user = defaultUser();
    expect(parseConnectionUrl("postgresql://h")).toEqual({
      host: "h",
      port: 5432,
      user,
      database: user,
      parameters: {},
    });
    expect(parseConnectionUrl("postgres://ann@[::1]:7").host).toBe("::1");
    expect(parseConnectionUrl("postgres://ann@h").database).toBe("ann");
  });

  test("names a socket by ?host=", () => {
    const socket = parseConnectionUrl("postgres://ann@/app?host=/run/pg&port=6001");
    expect(socket).toMatchObject({ host: "/run/pg", port: 6001, database: "app", parameters: {} });
    expect(formatConnectionUrl(socket, "hide")).toBe("postgres://ann@/app?host=%2Frun%2Fpg&port=6001");
    expect(parseConnectionUrl("postgres://ann@%2Frun%2Fpg/app").host).toBe("/run/pg");
  });

  test("says in its parameters what counts more than what stands before them", () => {
    const text = "postgres://u:one@h1:1/d1?host=h2&port=2&user=ann&password=two%26&dbname=d2";
    expect(parseConnectionUrl(text)).toEqual({
      ...{ host: "h2", port: 2, user: "ann", password: "two&", database: "d2", parameters: {} },
    });
    expect(parseConnectionUrl("postgres://ann@h/d?hostaddr=10.0.0.1")).toMatchObject({
      host: "h",
      hostaddr: "10.0.0.1",
    });
    expect(parseConnectionUrl("postgres://ann@h/d?ssl=true").parameters).toEqual({ sslmode: "require" });
    expect(parseConnectionUrl("postgres://ann@h/d?sslrootcert=system").parameters.sslmode).toBe("verify-full");
  });

  test("may name several servers", () => {
    const connection = parseConnectionUrl("postgres://ann@h1:1,h2,[::1]:3/d?target_session_attrs=primary");
    expect(eachAddress(connection).map(({ host, port }) => [host, port])).toEqual([
      ["h1", 1],
      ["h2", 5432],
      ["::1", 3],
    ]);
    expect(parseConnectionUrl(formatConnectionUrl(connection, "show"))).toEqual(connection);
    const one = parseConnectionUrl("host=a,b port=7 user=ann dbname=d");
    expect(one).toMatchObject({ host: "a", port: 7, others: [{ host: "b", port: 7 }] });
    expect(connectionEnvironment(one)).toMatchObject({ PGHOST: "a,b", PGPORT: "7,7" });
    expect(() => parseConnectionUrl("postgres://a,b,c/d?port=1,2")).toThrow("as many hosts");
  });

  test.each([
    "postgres://u:s3cret@h:99999/d",
    "postgres://u:s3cret%zz@h/d",
    "postgres://u:s3cret%00@h/d",
    "postgres://u:s3c/ret@h@/d",
    "postgres://u:a@s3c@h/d",
    "postgres://u:s3cret@h/d?sslmode=s3cret",
    "postgres://u:s3cret@h/d?sslmod=require",
    "postgres://u:s3cret@h/d?sslpassword=s3cret",
    "postgres://u:s3cret@h/d?replication=database",
    "postgres://u:s3cret@h/d?client_encoding=latin1",
    "postgres://u:s3cret@h/d?password",
    "mysql://u:s3cret@h/d",
    "prisma+postgres://accelerate.example/?api_key=s3cret",
    "s3cret",
    "host=h password=s3cret colour=red",
    "host=h password='s3cret",
  ])("that is wrong is refused without its secrets: %s", (text) => {
    expect(() => parseConnectionUrl(text)).toThrow(
      expect.objectContaining({ exit: 3, message: expect.not.stringContaining("s3c") }),
    );
  });

  test("is known by its beginning", () => {
    expect(isUrl("POSTGRESQL://x")).toBe(true);
    expect(isUrl("my-postgres://x")).toBe(false);
    expect(isConnectionString("service=shop")).toBe(true);
    expect(isConnectionString("feature=x")).toBe(false);
  });
});

describe("what other programs write", () => {
  test.each([
    ["postgresql+psycopg://u:p@h:1/d", "postgresql+psycopg"],
    ["postgresql+asyncpg://u:p@h:1/d", "postgresql+asyncpg"],
    ["ecto://u:p@h:1/d", "ecto"],
    ["postgis://u:p@h:1/d", "postgis"],
    ["jdbc:postgresql://h:1/d?user=u&password=p", "jdbc:postgresql"],
    ["pgsql://u:p@h:1/d", "pgsql"],
  ])("%s is the same database, and comes back as it went", (text, scheme) => {
    const connection = parseConnectionUrl(text);
    expect(connection).toMatchObject({ host: "h", port: 1, user: "u", password: "p", database: "d", scheme });
    expect(formatConnectionUrl(connection, "show", "program")).toBe(text);
    expect(formatConnectionUrl(connection, "show")).toBe("postgres://u:p@h:1/d");
  });

  test("JDBC's short form means this machine", () => {
    expect(parseConnectionUrl("jdbc:postgresql:shop?user=u")).toMatchObject({ host: "localhost", database: "shop" });
  });

  test("what only they read is kept for them, and left out for libpq", () => {
    const text =
      "postgres://u:p@h:1/d?sslmode=require&schema=public&connection_limit=5&pgbouncer=true&x-migrations-table=m";
    const connection = parseConnectionUrl(text);
    expect(formatConnectionUrl(connection, "show")).toBe("postgres://u:p@h:1/d?sslmode=require");
    expect(formatConnectionUrl(connection, "show", "program")).toBe(text);
  });

  test("how they ask for encryption is understood, and stays as it is for them", () => {
    for (const [written, mode] of [
      ["ssl=false", "disable"],
      ["ssl=no-verify", "require"],
      ["sslmode=no-verify", "require"],
      ["ssl=verify-full", "verify-full"],
    ]) {
      const connection = parseConnectionUrl(`postgres://u@h:1/d?${written}`);
      expect(connection.parameters.sslmode).toBe(mode ?? "");
      expect(formatConnectionUrl(connection, "show", "program")).toBe(`postgres://u@h:1/d?${written}`);
    }
  });
});

describe("the schema that other programs are led into", () => {
  test.each([
    ["search_path=app,public", "-csearch_path=app,public"],
    ["search_path=%22My%20App%22", '-csearch_path="My\\ App"'],
    ["currentSchema=app", "-csearch_path=app"],
    ["schema_search_path=app", "-csearch_path=app"],
    ["schema=app", "-csearch_path=app"],
    ["schema=MyApp", '-csearch_path="MyApp"'],
    ["schema=app&options=-cstatement_timeout%3D5", "-cstatement_timeout=5 -csearch_path=app"],
    ["schema=app&options=-csearch_path%3Dother", "-csearch_path=other"],
  ])("%s is where psql and our own sessions work, too", (written, options) => {
    const connection = parseConnectionUrl(`postgres://u:p@h:1/d?${written}`);
    expect(connection.parameters).toEqual({ options });
    expect(parseConnectionUrl(formatConnectionUrl(connection, "show")).parameters).toEqual({ options });
  });

  test.each(["schema=app", "currentSchema=app", "options=-cstatement_timeout%3D5&schema=app"])(
    "%s stays as it is for the program",
    (written) => {
      const text = `postgres://u:p@h:1/d?${written}`;
      expect(formatConnectionUrl(parseConnectionUrl(text), "show", "program")).toBe(text);
    },
  );

  test("the usual one, an empty one, and one behind a pooler lead nowhere else", () => {
    for (const written of ["schema=public", "search_path=public", "search_path=", "schema=app&pgbouncer=true"]) {
      expect(parseConnectionUrl(`postgres://u:p@h:1/d?${written}`).parameters).toEqual({});
    }
  });
});

describe("a connection string", () => {
  test("is read as libpq reads it", () => {
    const text = "host = /run/pg  port=6001 user='an n' password = 'it\\'s' dbname=a\\ b  sslmode=disable";
    expect(parseConnectionUrl(text)).toEqual({
      ...{ host: "/run/pg", port: 6001, user: "an n", password: "it's", database: "a b" },
      parameters: { sslmode: "disable" },
    });
  });
});

describe("what is left out", () => {
  let home: string;
  const given = process.env.HOME;
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), "pgrove-home-"));
    process.env.HOME = home;
    const section = "[shop]\nhost=db.example\nport=6000\nuser=ann\npassword=s3cret\nsslmode=require\n";
    writeFileSync(join(home, ".pg_service.conf"), `# mine\n[other]\nhost=x\n\n${section}[bad]\ncolour=red\n`);
  });
  afterAll(() => {
    process.env.HOME = given;
    rmSync(home, { recursive: true, force: true });
  });
  const own = (environment: Record<string, string>) => ({ environment, isOwn: true });

  test("comes from libpq's variables", () => {
    const environment = {
      PGHOST: "e",
      PGPORT: "7",
      PGUSER: "ann",
      PGPASSWORD: "s",
      PGDATABASE: "d",
      PGSSLMODE: "allow",
    };
    expect(parseConnectionUrl("postgres://", "it", own(environment))).toEqual({
      ...{ host: "e", port: 7, user: "ann", password: "s", database: "d", parameters: { sslmode: "allow" } },
    });
    expect(parseConnectionUrl("postgres://u:p@h:1/x?sslmode=disable", "it", own(environment))).toEqual({
      ...{ host: "h", port: 1, user: "u", password: "p", database: "x", parameters: { sslmode: "disable" } },
    });
    expect(() => parseConnectionUrl("postgres://h", "it", own({ PGREQUIREAUTH: "md5" }))).toThrow("require_auth");
  });

  test("comes from the service that is named", () => {
    const service = {
      host: "db.example",
      port: 6000,
      user: "ann",
      password: "s3cret",
      parameters: { sslmode: "require" },
    };
    expect(parseConnectionUrl("postgres:///app?service=shop")).toEqual({ ...service, database: "app" });
    expect(parseConnectionUrl("service=shop", "it", own({ PGUSER: "bob" }))).toEqual({ ...service, database: "ann" });
    expect(parseConnectionUrl("postgres://", "it", own({ PGSERVICE: "shop" }))).toMatchObject(service);
    expect(() => parseConnectionUrl("service=shops")).toThrow("shops");
    expect(() => parseConnectionUrl("service=bad")).toThrow("colour");
  });

  test("a service's password goes to another host only where the user says so", () => {
    const text = "postgres://evil.example/app?service=shop";
    expect(parseConnectionUrl(text)).not.toHaveProperty("password");
    expect(parseConnectionUrl(text, "it", own({}))).toMatchObject({ host: "evil.example", password: "s3cret" });
  });
});

test("a URL comes back as it went, odd characters and all", () => {
  const connection: Connection = {
    host: "fd00::1",
    port: 5433,
    user: "ü:@/",
    password: "#?&=%",
    database: "a/b c",
    parameters: { sslmode: "disable" },
  };
  expect(parseConnectionUrl(formatConnectionUrl(connection, "show"))).toEqual(connection);
  expect(formatConnectionUrl(connection, "hide")).not.toContain("%23");
});

test("libpq's environment holds what the URL said", () => {
  const text = "postgres://u:p@h/d?sslmode=require&hostaddr=10.0.0.1&sslrootcert=/ca.crt&keepalives=1&schema=public";
  expect(connectionEnvironment(parseConnectionUrl(text))).toEqual({
    PGHOST: "h",
    PGHOSTADDR: "10.0.0.1",
    PGPORT: "5432",
    PGUSER: "u",
    PGPASSWORD: "p",
    PGDATABASE: "d",
    PGSSLMODE: "require",
    PGSSLROOTCERT: "/ca.crt",
  });
});
