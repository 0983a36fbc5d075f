import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "dotenv";
import { loadConfig } from "../../../src/config/load-config.ts";
import type { Connection } from "../../../src/postgres/url.ts";
import { formatVariable, renderVariables } from "../../../src/resolve/env-lines.ts";
import { whereaboutsOf } from "../../../src/resolve/reach.ts";

const folder = mkdtempSync(join(tmpdir(), "pgrove-env-lines-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const configFile = join(folder, "pgrove.yaml");
writeFileSync(
  configFile,
  `project: onyx
server: {container: c}
ports: {web: 3000}
env:
  set: {DATABASE_URL: "{url}?schema=public", PGHOST: "{host}:{port}", POSTGRES_DB: "{database}", LOGIN: "{user}:{password}",
    BRANCH: "{branch}", WEB: "{port.web}", PLAIN: "{{url}}"}
`,
);

const connection: Connection = {
  host: "127.0.0.1",
  port: 5433,
  user: "app",
  password: "p@ss word",
  database: "onyx",
  parameters: {},
};

test("without a pgrove.yaml: DATABASE_URL and libpq's variables", () => {
  const what = { target: { name: "main" }, branch: undefined };
  expect(renderVariables(whereaboutsOf(connection), what, undefined).variables).toEqual({
    DATABASE_URL: "postgres://app:p%40ss%20word@127.0.0.1:5433/onyx",
    PGHOST: "127.0.0.1",
    PGPORT: "5433",
    PGUSER: "app",
    PGPASSWORD: "p@ss word",
    PGDATABASE: "onyx",
  });
});

test("where no way leads to the database, what needs none is told all the same", async () => {
  const loaded = await loadConfig(configFile, { environment: {} });
  const what = { target: { name: "x" }, branch: "feature/x" };
  const known = { connection: undefined, user: "app", password: "s", database: "onyx_x" };
  expect(renderVariables(known, what, loaded)).toEqual({
    variables: { POSTGRES_DB: "onyx_x", LOGIN: "app:s", BRANCH: "feature/x", WEB: "3000", PLAIN: "{url}" },
    unreachable: ["DATABASE_URL", "PGHOST"],
  });
  const reached = renderVariables(whereaboutsOf(connection), what, loaded);
  expect(reached.unreachable).toEqual([]);
  expect(reached.variables.PGHOST).toBe("127.0.0.1:5433");
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
