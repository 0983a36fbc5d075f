import { describe, expect, test } from "bun:test";
import { filterSql, type Leaving } from "../../../src/archive/filter-sql.ts";

const NONE: Leaving = { restrict: false, options: false, settings: [], superfluous: false, emptyPath: false };
const ALL: Leaving = { ...NONE, restrict: true, options: true, settings: ["transaction_timeout"] };

async function* inChunks(sql: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(sql);
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

async function gather(source: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(new Uint8Array(chunk));
  return Buffer.concat(chunks).toString("utf8");
}

const SET = "ALTER TABLE ONLY public.t ALTER COLUMN a SET (pg_attver=1);";
const spaces = (text: string) => " ".repeat(text.length);

/** A dump, and what is left of it. `text` stands where nothing may change. */
const text = `SET transaction_timeout = 0;\n${SET}\n\\\\restrict k3Y\n`;
const around = `COPY t FROM stdin;
${text}\\.

CREATE FUNCTION f() AS $$
${text}\\restrict k3Y
$$;
COMMENT ON TABLE t IS '
${text}
\\restrict k3Y
';
-- ${SET}
/* ${SET} */
`;
const dump = `--\n\\restrict k3Y\n\nSET lock_timeout = 0;\nSET transaction_timeout = 0;\n${SET}\n${around}${SET} SELECT 1;\n\\unrestrict k3Y\n\n`;
const left = `--\n${spaces("\\restrict k3Y")}\n\nSET lock_timeout = 0;\n${spaces("SET transaction_timeout = 0;")}\n${spaces(SET)}\n${around}${spaces(SET)} SELECT 1;\n${spaces("\\unrestrict k3Y")}\n\n`;

describe("what is left out is blanked, whatever the chunks; rows, strings, bodies and comments are not touched", () => {
  test("all of it", async () => {
    for (let size = 1; size <= dump.length; size++)
      expect(await gather(filterSql(inChunks(dump, size), ALL))).toBe(left);
  });

  test("nothing, and each by itself", async () => {
    const changed = async (leaving: Partial<Leaving>) => {
      const lines = (await gather(filterSql(inChunks(dump, 99), { ...NONE, ...leaving }))).split("\n");
      return dump.split("\n").filter((line, index) => line !== lines[index]);
    };
    expect(await changed({})).toEqual([]);
    expect(await changed({ restrict: true })).toEqual(["\\restrict k3Y", "\\unrestrict k3Y"]);
    expect(await changed({ options: true })).toEqual([SET, `${SET} SELECT 1;`]);
    expect(await changed({ settings: ["transaction_timeout"] })).toEqual(["SET transaction_timeout = 0;"]);
  });

  test("far apart, behind rows and statements of megabytes", async () => {
    const rows = `COPY t FROM stdin;\n${text.repeat(10_000)}\\.\n`;
    const values = `INSERT INTO t VALUES ${`('\\restrict k3Y ${"x".repeat(200)}'), `.repeat(8_000)}(1);\n`;
    const sql = `\\restrict k3Y\n${rows}${SET}\n${values}${SET}\n\\unrestrict k3Y\n`;
    const expected = `${spaces("\\restrict k3Y")}\n${rows}${spaces(SET)}\n${values}${spaces(SET)}\n${spaces("\\unrestrict k3Y")}\n`;
    for (const size of [9_999, 1 << 18, sql.length]) {
      expect((await gather(filterSql(inChunks(sql, size), ALL))) === expected).toBe(true);
    }
  });

  test("two dumps in one file, CR LF, a key of any signs, and no key at all", async () => {
    const two = "\\restrict a\r\nx;\r\n\\unrestrict a\r\n\\restrict b.*c\r\ny;\r\n\\unrestrict b.*c";
    expect(await gather(filterSql(inChunks(two, 5), ALL))).toBe(
      ["\\restrict a", "x;", "\\unrestrict a", "\\restrict b.*c", "y;", "\\unrestrict b.*c"]
        .map((line) => (line.startsWith("\\") ? spaces(line) : line))
        .join("\r\n"),
    );
    for (const sql of ["SELECT 1;\n", ""]) expect(await gather(filterSql(inChunks(sql, 3), ALL))).toBe(sql);
  });
});

test("what is to be left out and is too long to be held ends the stream with an error", async () => {
  const objects = new Set(["subscription s"]);
  const leaving = { ...NONE, skipping: { owners: false, grants: false, objects } };
  const short = "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p;";
  expect(await gather(filterSql(inChunks(`${short}\nx;\n`, 9), leaving))).toBe(`${spaces(short)}\nx;\n`);
  const long = `CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p${", pp".repeat(500_000)};`;
  for (const size of [9_999, 1 << 18]) {
    await expect(gather(filterSql(inChunks(long, size), leaving))).rejects.toMatchObject({ code: "dump_unsafe" });
  }
});

test("no more than a megabyte of one statement is held back", async () => {
  let given = 0;
  async function* endless(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("INSERT INTO t VALUES (1)");
    for (; given < 8 << 20; given += 1 << 16) yield Buffer.from(", (2)".padEnd(1 << 16));
  }
  let passed = 0;
  for await (const chunk of filterSql(endless(), ALL)) {
    passed += chunk.length;
    expect(given - passed).toBeLessThan(2 << 20);
  }
  expect(passed).toBeGreaterThan(8 << 20);
});
