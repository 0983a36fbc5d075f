import { expect, test } from "bun:test";
import { parse } from "dotenv";
import type { Connection } from "../../../src/postgres/url.ts";
import { formatVariable, renderVariables } from "../../../src/resolve/env-lines.ts";

const connection: Connection = {
  host: "127.0.0.1",
  port: 5433,
  user: "app",
  password: "p@ss word",
  database: "onyx",
  parameters: {},
};

test("without a pgrove.yaml: DATABASE_URL and libpq's variables", () => {
  expect(renderVariables(connection, { target: { name: "main" }, branch: undefined }, undefined)).toEqual({
    DATABASE_URL: "postgres://app:p%40ss%20word@127.0.0.1:5433/onyx",
    PGHOST: "127.0.0.1",
    PGPORT: "5433",
    PGUSER: "app",
    PGPASSWORD: "p@ss word",
    PGDATABASE: "onyx",
  });
});

const VALUES = [
  "plain",
  "",
  "postgres://u:p%40@h:5432/d",
  "postgres://u@h/d?a=1&b=2",
  "two words",
  "it's",
  'say "hi"',
  "$HOME",
  "`date`",
  "a#b",
  "back\\slash",
  "two\nlines",
];

test.each(VALUES)("%j is read back by dotenv", (value) => {
  expect(parse(formatVariable("NAME", value)).NAME).toBe(value);
});

test.each(VALUES)("%j is read back by a shell", async (value) => {
  const line = formatVariable("NAME", value);
  const shell = Bun.spawnSync(["sh", "-c", `${line}\nprintf %s "$NAME"`], { stdout: "pipe" });
  expect(shell.stdout.toString()).toBe(value);
});

test.each(["it's $HOME", "it's `date`", `it's "so"`])("%j has no form that both read, and is refused", (value) => {
  expect(() => formatVariable("NAME", value)).toThrow("cannot be written in an env file");
  expect(() => formatVariable("NAME", value)).not.toThrow(value);
});
