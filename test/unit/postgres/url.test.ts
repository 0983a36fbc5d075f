import { describe, expect, test } from "bun:test";
import {
  type Connection,
  connectionEnvironment,
  formatConnectionUrl,
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
    expect(parseConnectionUrl("postgresql://")).toEqual({
      host: "localhost",
      port: 5432,
      user: "postgres",
      database: "postgres",
      parameters: {},
    });
    expect(parseConnectionUrl("postgres://ann@[::1]:7").host).toBe("::1");
    expect(parseConnectionUrl("postgres://ann@h").database).toBe("ann");
  });

  test("names a socket by ?host=", () => {
    const socket = parseConnectionUrl("postgres:///app?host=/run/pg&port=6001");
    expect(socket).toMatchObject({ host: "/run/pg", port: 6001, database: "app", parameters: {} });
    expect(formatConnectionUrl(socket, "hide")).toBe("postgres://postgres@/app?host=%2Frun%2Fpg&port=6001");
  });

  test("that is wrong is refused without its password", () => {
    for (const text of [
      "postgres://u:s3cret@h:99999/d",
      "postgres://u:s3cret%zz@h/d",
      "postgres://u:s3c/ret@h@/d",
      "postgres://u:a@s3c@h/d",
    ]) {
      expect(() => parseConnectionUrl(text)).toThrow(expect.not.stringContaining("s3c"));
    }
    expect(isUrl("POSTGRESQL://x")).toBe(true);
    expect(isUrl("my-postgres://x")).toBe(false);
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
  expect(connectionEnvironment(parseConnectionUrl("postgres://u:p@h/d?sslmode=require"))).toEqual({
    PGHOST: "h",
    PGPORT: "5432",
    PGUSER: "u",
    PGPASSWORD: "p",
    PGDATABASE: "d",
    PGSSLMODE: "require",
  });
});
