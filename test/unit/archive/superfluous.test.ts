import { expect, test } from "bun:test";
import { filterSql } from "../../../src/archive/filter-sql.ts";
import { scanPlain } from "../../../src/archive/scan.ts";

async function* inChunks(sql: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(sql);
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

/** The lines that are left of a dump for a new database. */
async function left(sql: string): Promise<string[]> {
  const chunks: Uint8Array[] = [];
  const leaving = { restrict: false, options: false, settings: [], superfluous: true, emptyPath: false };
  for await (const chunk of filterSql(inChunks(sql, 11), leaving)) chunks.push(new Uint8Array(chunk));
  const text = Buffer.concat(chunks).toString();
  expect(text.length).toBe(sql.length);
  return text.split("\n").map((line) => line.trim());
}

const HEAD =
  "--\n-- PostgreSQL database dump\n--\nSET a = 1;\nSELECT pg_catalog.set_config('search_path', '', false);\n";
const TAIL = "--\n-- PostgreSQL database dump complete\n--\n";

test("what pg_dump --clean drops in front goes, with or without IF EXISTS; what is dropped later stays", async () => {
  const front = `ALTER TABLE ONLY public.items DROP CONSTRAINT items_pkey;
ALTER TABLE public.items ALTER COLUMN id DROP DEFAULT;
DROP TRIGGER IF EXISTS t ON public.items;
CREATE OR REPLACE VIEW public.v AS SELECT NULL::integer AS id;
DROP VIEW public.v;
DROP SCHEMA public;
SELECT pg_catalog.lo_unlink('4711');
`;
  const rest = `--
-- Name: items; Type: TABLE; Schema: public; Owner: -
--
CREATE TABLE public.items (id integer);
CREATE OR REPLACE VIEW public.v AS SELECT NULL::integer AS id;
DROP TABLE public.items;
COPY public.notes (line) FROM stdin;
DROP TABLE public.items;
\\.
`;
  const one = HEAD + front + rest + TAIL;
  const cleared = HEAD + front.replaceAll(/[^\n]/g, "") + rest + TAIL;
  expect(await left(one)).toEqual(cleared.split("\n"));
  expect(await left(one + one)).toEqual((cleared + cleared).split("\n"));
  expect((await scanPlain(inChunks(one, 99), "x.sql")).superfluous).toBe(true);
});

test("the schema public is there already, unless the script has dropped it itself", async () => {
  const makes = `${HEAD}CREATE SCHEMA public;\nALTER SCHEMA public OWNER TO a;\nCREATE SCHEMA app;\n${TAIL}`;
  expect(await left(makes)).toEqual(makes.replace("CREATE SCHEMA public;", "").split("\n"));
  const anew = `${HEAD}CREATE TABLE t ();\nDROP SCHEMA public CASCADE;\nCREATE SCHEMA public;\n${TAIL}`;
  expect(await left(anew)).toEqual(anew.split("\n"));
  const plain = `${HEAD}CREATE TABLE t ();\n${TAIL}`;
  expect((await scanPlain(inChunks(plain, 99), "x.sql")).superfluous).toBe(false);
});

test("what it says of its own database goes, with the commands that enter it", async () => {
  const own = `DROP DATABASE shop;
CREATE DATABASE shop WITH TEMPLATE = template0 ENCODING = 'UTF8';
ALTER DATABASE shop OWNER TO ghost;
\\connect shop
COMMENT ON DATABASE shop IS 'x';
ALTER DATABASE shop SET search_path TO 'a';
ALTER ROLE ghost IN DATABASE shop SET work_mem TO '1MB';
GRANT CONNECT ON DATABASE shop TO ghost;
\\connect shop
`;
  const rest =
    "CREATE TABLE t (a text);\nCOPY t FROM stdin;\n\\connect shop\n\\.\nINSERT INTO t VALUES ('\nALTER DATABASE shop SET a TO b;\n');\n";
  const cleared = own.replaceAll(/[^\n]/g, "");
  expect(await left(HEAD + own + rest + TAIL)).toEqual((HEAD + cleared + rest + TAIL).split("\n"));
});
