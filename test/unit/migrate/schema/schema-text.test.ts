import { describe, expect, test } from "bun:test";
import { normalizeSchemaText } from "../../../../src/migrate/schema/schema-text.ts";

const SETTINGS = ["SET statement_timeout = 0;", "SET lock_timeout = 0;", "SET client_encoding = 'UTF8';"];

function block(name: string, type: string, text: string): string {
  return `--\n-- Name: ${name}; Type: ${type}; Schema: public; Owner: -\n--\n\n${text}\n\n\n`;
}

const TABLE = block("t", "TABLE", "CREATE TABLE public.t (\n    id integer\n);");

/** pg_dump's output as a version of it writes it. */
function dumped(objects: string, { version = "17.1", restricted = false, timeout = false } = {}): string {
  const begin = restricted ? "\\restrict a1B2\n\n" : "";
  const end = restricted ? "\n\\unrestrict a1B2\n\n" : "\n";
  const head = `--\n-- PostgreSQL database dump\n--\n\n${begin}-- Dumped from database version ${version}\n-- Dumped by pg_dump version ${version}\n`;
  const [first = "", ...rest] = SETTINGS;
  const settings = [first, ...(timeout ? ["SET transaction_timeout = 0;"] : []), ...rest].join("\n");
  return `${head}\n${settings}\n\n${objects}--\n-- PostgreSQL database dump complete\n--\n${end}`;
}

describe("normalizeSchemaText", () => {
  const plain = normalizeSchemaText(dumped(TABLE));

  test("keeps the settings and the objects, and nothing before or behind them", () => {
    expect(plain).toBe(`${SETTINGS.join("\n")}\n\n${TABLE.trimEnd()}\n`);
  });

  test.each([
    ["another minor version", { version: "17.9" }],
    ["one that restricts psql", { restricted: true }],
    ["one that knows transaction_timeout", { version: "18.0", timeout: true, restricted: true }],
  ])("of %s is the same", (_, habits) => {
    expect(normalizeSchemaText(dumped(TABLE, habits))).toBe(plain);
  });

  test.each([
    ["the comment of an extension", block("EXTENSION pgcrypto", "COMMENT", "COMMENT ON EXTENSION pgcrypto IS 'x';")],
    ["the public schema", block("public", "SCHEMA", "-- *not* creating schema, since initdb creates it")],
    ["its usual comment", block("SCHEMA public", "COMMENT", "COMMENT ON SCHEMA public IS 'standard public schema';")],
    ["that it has none", block("SCHEMA public", "COMMENT", "COMMENT ON SCHEMA public IS '';")],
  ])("leaves out %s", (_, text) => {
    expect(normalizeSchemaText(dumped(text + TABLE))).toBe(plain);
  });

  test.each([
    [
      "a comment of somebody's on the public schema",
      block("SCHEMA public", "COMMENT", "COMMENT ON SCHEMA public IS 'ours';"),
    ],
    [
      "what only looks like pg_dump's own lines",
      block(
        "f()",
        "FUNCTION",
        "CREATE FUNCTION f() AS $$\n\\restrict x\nSET transaction_timeout = 0;\n-- Dumped by hand\n--\n-- PostgreSQL database dump complete\n--\n$$;",
      ),
    ],
    [
      "a constraint that somebody has named",
      block("a", "TABLE", "CREATE TABLE public.a (\n    id integer CONSTRAINT always NOT NULL\n);"),
    ],
  ])("leaves %s", (_, text) => {
    expect(normalizeSchemaText(dumped(text + TABLE))).toContain(text);
  });

  test("takes out the names that 18 gives to NOT NULL", () => {
    const table = (not: string) =>
      block("a", "TABLE", `CREATE TABLE public.a (\n    "B c" integer DEFAULT 1${not} NOT NULL,\n    d text\n);`);
    const [without, plainName, quoted] = ["", " CONSTRAINT old_b_not_null", ' CONSTRAINT "Old ""B c""_not_null1"'].map(
      (not) => normalizeSchemaText(dumped(table(not))),
    );
    expect([plainName, quoted]).toEqual([without, without]);
  });

  test("leaves out the comment of the schema that the target is", () => {
    const mark = block('SCHEMA "Feature-X"', "COMMENT", "COMMENT ON SCHEMA \"Feature-X\" IS 'mark';");
    expect(normalizeSchemaText(dumped(mark + TABLE), "Feature-X")).toBe(plain);
    expect(normalizeSchemaText(dumped(mark + TABLE))).not.toBe(plain);
  });
});
