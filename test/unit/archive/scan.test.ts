import { describe, expect, test } from "bun:test";
import { scannedPlain, scanPlain } from "../../../src/archive/scan.ts";
import { subscriptionsIn } from "../../../src/archive/wants.ts";

const HEAD =
  "--\n-- PostgreSQL database dump\n--\n\n\\restrict abc\n\n-- Dumped from database version 17.2 (Debian)\n-- Dumped by pg_dump version 18.1\n\nSET a = 1;\n";
const TAIL = "--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict abc\n\n";

async function* inChunks(sql: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(sql);
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

const scan = (sql: string, size = 1 << 16) => scanPlain(inChunks(sql, size), "x.sql");

test("what the head says, and what is needed", async () => {
  const body = `CREATE EXTENSION IF NOT EXISTS "odd ext" WITH SCHEMA public;
SET default_tablespace = '';
SET default_tablespace = "fast; disk";
ALTER TABLE public."a OWNER TO x" OWNER TO "the ""owner""";
ALTER DEFAULT PRIVILEGES FOR ROLE d IN SCHEMA s GRANT SELECT ON TABLES TO defaulted;
GRANT SELECT ON TABLE t TO granted WITH GRANT OPTION;
GRANT SELECT ON TABLE t TO PUBLIC;
REVOKE ALL ON TABLE t FROM revoked;
CREATE POLICY p ON t TO one, "two; 2" USING ((a = 'x TO y'::text));
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $_$ begin
GRANT SELECT ON TABLE t TO nobody;
CREATE EXTENSION never;
end $_$;
`;
  const { wants, ...found } = await scan(HEAD + body + TAIL);
  expect(found).toEqual({
    ...{
      serverVersion: "17.2",
      restricted: true,
      options: [],
      settings: [],
      superfluous: false,
      onlyRows: false,
      ownDatabase: undefined,
    },
    ...{ extensions: ["odd ext"], tablespaces: ["fast; disk"], collations: { named: [], made: [] } },
    elevated: [{ object: "extension odd ext", sql: 'CREATE EXTENSION IF NOT EXISTS "odd ext" WITH SCHEMA public;' }],
  });
  const roles = ['the "owner"', "d", "defaulted", "granted", "revoked", "one", "two; 2"];
  expect(wants.flatMap((want) => want.roles)).toEqual(roles);
  expect((await scan((HEAD + TAIL).replaceAll(/^\\(un)?restrict abc$/gm, ""))).restricted).toBe(false);
});

test("a subscription is left out of a whole dump, and refused where nothing is taken out behind the scan", async () => {
  const sql = `${HEAD}CREATE\n SUBSCRIPTION "the s" CONNECTION 'x' PUBLICATION p;\n${TAIL}`;
  for (const size of [1, 4, 1 << 16]) {
    expect(subscriptionsIn((await scan(sql, size)).wants)).toEqual(["the s"]);
    const passing = async () => {
      for await (const _chunk of scannedPlain(inChunks(sql, size), "x.sql"));
    };
    await expect(passing()).rejects.toMatchObject({ code: "dump_unsafe", exit: 1 });
  }
});

test.each([
  ["COPY public.t (a) FROM stdin;\n1\n\\.\nSELECT pg_catalog.setval('public.s', 1, true);\n", true],
  ["INSERT INTO public.t VALUES (1);\n", true],
  ["ALTER TABLE public.t DISABLE TRIGGER ALL;\nINSERT INTO public.t (a) VALUES\n\t(1),\n\t(2);\n", true],
  ["CREATE TABLE public.t (a integer);\nINSERT INTO public.t VALUES (1);\n", false],
  ["CREATE UNLOGGED TABLE public.t (a integer);\nCOPY public.t (a) FROM stdin;\n1\n\\.\n", false],
  ["CREATE EXTENSION IF NOT EXISTS postgis WITH SCHEMA public;\nCOPY public.spatial_ref_sys FROM stdin;\n\\.\n", false],
  ["CREATE TYPE public.mood AS ENUM ('a');\n", false],
])("whether it holds rows without their tables: %s", async (body, onlyRows) => {
  expect((await scan(HEAD + body + TAIL)).onlyRows).toBe(onlyRows);
});

test("a dump may make its own database and enter it; pg_restore's SQL may not", async () => {
  const body =
    "DROP DATABASE IF EXISTS shop;\nCREATE DATABASE shop WITH TEMPLATE = template0 ENCODING = 'UTF8';\n\\connect shop\n";
  expect(await scan(HEAD + body + TAIL)).toMatchObject({ ownDatabase: "shop", superfluous: true });
  expect((await scan(HEAD + TAIL)).ownDatabase).toBeUndefined();
  const odd = `CREATE DATABASE "my db";\n\\encoding SQL_ASCII\n\\connect -reuse-previous=on "dbname='my db'"\n`;
  expect((await scan(HEAD + odd + TAIL)).ownDatabase).toBe("my db");
  await expect(Array.fromAsync(scannedPlain(inChunks(HEAD + body + TAIL, 64), "x.sql"))).rejects.toMatchObject({
    code: "dump_unsafe",
  });
});

test("what may have to be left out is named, where it is a statement", async () => {
  const said = 'SET transaction_timeout = 0;\nALTER TABLE ONLY public."日本" ALTER COLUMN a SET (pg_attver=1);\n';
  const found = await scan(HEAD + said + TAIL, 7);
  expect([found.options, found.settings]).toEqual([["pg_attver"], ["transaction_timeout"]]);
  for (const body of [`COPY t FROM stdin;\n${said}\\.\n`, `COMMENT ON TABLE t IS '${said}';\n`, `f $$${said}$$;\n`]) {
    const other = await scan(HEAD + body + TAIL, 7);
    expect([other.options, other.settings]).toEqual([[], []]);
  }
});

test("a dump that is scanned while it passes is the same, and its reader sees no line that was not scanned", async () => {
  const seen = async (sql: string) => {
    let text = "";
    const reading = (async () => {
      for await (const chunk of scannedPlain(inChunks(sql, 5), "x.sql")) text += Buffer.from(chunk).toString();
    })();
    return { error: await reading.catch((error: unknown) => error), lines: text.slice(0, text.lastIndexOf("\n") + 1) };
  };
  const whole = HEAD + TAIL;
  expect(await seen(whole)).toEqual({ error: undefined, lines: whole });
  const { error, lines } = await seen(`${HEAD}SELECT 1;\n\\! touch x\nSELECT 2;\n${TAIL}`);
  expect(error).toMatchObject({ code: "dump_unsafe" });
  expect(lines).toBe(`${HEAD}SELECT 1;\n`);
  expect((await seen(HEAD)).error).toMatchObject({ code: "dump_truncated" });
});

describe("data and bodies that look like commands are neither", () => {
  const bodies = [
    "COPY public.t (a) FROM stdin;\n\\\\connect x\nDROP DATABASE y;\n\\N\n-- PostgreSQL database cluster dump\n\\.\n",
    "INSERT INTO t VALUES ('\nDROP DATABASE x;\n\\connect y\n\\! z\n');\n",
    "CREATE FUNCTION f() AS $$\n\\connect x\nCREATE DATABASE y;\nCOPY t FROM stdin;\n$$;\n",
    "COMMENT ON TABLE t IS '\n-- PostgreSQL database cluster dump\n';\n",
  ];
  test.each(bodies)("%#", async (body) => {
    for (const size of [1, 2, 3, 5, 7, 64, 1 << 16])
      expect((await scan(HEAD + body + TAIL, size)).serverVersion).toBe("17.2");
  });
});

describe("refused", () => {
  test.each([
    ["CREATE DATABASE x;\n", "dump_unsafe"],
    ["DROP\t DATABASE x;\n", "dump_unsafe"],
    ["CREATE SUBSCRIPTION\"s\"CONNECTION 'x' PUBLICATION p;\n", "dump_unsafe"],
    ["drop database if exists x;\n", "dump_unsafe"],
    ["ALTER DATABASE x SET a TO b;\n", "dump_unsafe"],
    ["\\connect x\n", "dump_unsafe"],
    ["CREATE DATABASE x;\nCREATE DATABASE y;\n\\connect y\n", "dump_unsafe"],
    ["CREATE DATABASE x;\n\\connect y\n", "dump_unsafe"],
    ["\\encoding SQL_ASCII\n", "dump_unsafe"],
    ["CREATE DATABASE x;\n\\connect x\n\\connect y\n", "dump_unsafe"],
    ["CREATE DATABASE x;\n\\connect x\nDROP DATABASE x;\n", "dump_unsafe"],
    ["CREATE DATABASE x;\n\\connect x\nALTER DATABASE y SET a TO b;\n", "dump_unsafe"],
    ["DROP DATABASE y;\nCREATE DATABASE x;\n\\connect x\n", "dump_unsafe"],
    ["CREATE DATABASE x;\n\\connect x other_user\n", "dump_unsafe"],
    ['CREATE DATABASE x;\n\\connect "dbname=x host=away"\n', "dump_unsafe"],
    ["\\c x\n", "dump_unsafe"],
    ["\\! touch x\n", "dump_unsafe"],
    ["SELECT 1 \\! touch x\n;\n", "dump_unsafe"],
    ["SELECT 1; \\copy t to program 'x'\n", "dump_unsafe"],
    ["\\i /etc/passwd\n", "dump_unsafe"],
    ["-- PostgreSQL database cluster dump\n", "cluster_dump"],
    ["SET standard_conforming_strings TO off;\nSELECT 'a\\', ';\n\\! touch x\n--';\n", "dump_unsafe"],
    ['COPY (SELECT 1 AS "a FROM STDIN b") TO STDOUT;\n\\! touch x\n\\.\n', "dump_unsafe"],
    ["COPY t FROM stdin; SELECT '\n'\n\\.\n' \\! touch x\n';\n", "dump_unsafe"],
  ])("%p: %s", async (body, code) => {
    for (const size of [1, 4, 1 << 16]) {
      await expect(scan(HEAD + body + TAIL, size)).rejects.toMatchObject({ code, exit: 1 });
    }
  });

  test("whatever does not end with the last words, wherever it was cut", async () => {
    const sql = `${HEAD}COPY t FROM stdin;\n1\n\\.\n${TAIL}`;
    const last = sql.indexOf("complete") + "complete".length;
    for (let length = 0; length < last; length++) {
      await expect(scan(sql.slice(0, length))).rejects.toMatchObject({ code: "dump_truncated", exit: 1 });
    }
    const mark = sql.indexOf("\\unrestrict");
    for (let length = last; length <= sql.length; length++) {
      const cut = sql.slice(0, length);
      const withinMark = (length > mark && length < mark + "\\unrestrict abc".length) || cut.endsWith("\n-");
      const scanning = scan(cut);
      if (withinMark) await expect(scanning).rejects.toMatchObject({ code: "dump_truncated" });
      else expect((await scanning).serverVersion).toBe("17.2");
    }
  });

  test("two dumps behind each other when the second was cut off", async () => {
    expect((await scan(HEAD + TAIL + HEAD + TAIL)).serverVersion).toBe("17.2");
    await expect(scan(`${HEAD}${TAIL}${HEAD}CREATE TABLE t ();\n`)).rejects.toMatchObject({ code: "dump_truncated" });
  });

  test("last words that stand in data or in a string", async () => {
    for (const body of [
      "COPY t FROM stdin;\n-- PostgreSQL database dump complete\n\\.\n",
      "INSERT INTO t VALUES ('\n-- PostgreSQL database dump complete\n');\n",
    ]) {
      await expect(scan(HEAD + body)).rejects.toMatchObject({ code: "dump_truncated" });
    }
  });
});
