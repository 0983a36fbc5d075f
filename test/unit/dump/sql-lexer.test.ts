import { describe, expect, test } from "bun:test";
import { SqlLexer } from "../../../src/dump/sql-lexer.ts";

interface Read {
  said: string[];
  closed: boolean;
}

function read(sql: string, chunkSize = sql.length + 1): Read {
  const said: string[] = [];
  const lexer = new SqlLexer({
    statement: (text) => said.push(`S ${text}`),
    comment: (line) => said.push(`C ${line}`),
    command: (line, whole) => said.push(`${whole ? "P" : "cut"} ${line}`),
  });
  const bytes = Buffer.from(sql);
  for (let from = 0; from < bytes.length; from += chunkSize) lexer.add(bytes.subarray(from, from + chunkSize));
  return { said, closed: lexer.finish() };
}

const cases: { name: string; sql: string; said: string[] }[] = [
  { name: "statements and comments", sql: "a b;\n-- c;\nd\n  e ;", said: ["S a b", "C -- c;", "S d   e"] },
  {
    name: "comments within a statement",
    sql: "a -- x;'\nb /* ; ' /* \" */ \\! */ c;",
    said: ["C -- x;'", "S a   b   c"],
  },
  { name: "minus and slash", sql: "a - b / c -1;", said: ["S a - b / c -1"] },
  { name: "strings lose their contents", sql: "a 'x;y''z\\' b '';", said: ["S a '' b ''"] },
  { name: "a backslash escapes in E''", sql: "a E'\\';''\\\\' b; e'\\'' c;", said: ["S a E'' b", "S e'' c"] },
  { name: "but not behind a name that ends with e", sql: "date'\\' b;", said: ["S date'' b"] },
  { name: "names keep theirs", sql: 'a "x;""y\\z\'" b;', said: ['S a "x;""y\\z\'" b'] },
  { name: "dollar quotes", sql: "a $$;'\"\\!$ $b$ $$ b $t1$ $$ $t$ ; $t1$ c;", said: ["S a '' b '' c"] },
  { name: "dollars that quote nothing", sql: "a $1 $2$ x$y$ b; c$$d;", said: ["S a $1 $2$ x$y$ b", "S c$$d"] },
  {
    name: "parentheses keep semicolons",
    sql: "rule (a; (b);) c; d) ; e;",
    said: ["S rule (a; (b);) c", "S d)", "S e"],
  },
  {
    name: "psql's commands, also behind a statement",
    sql: "a; \\! rm\nb \\g x;\nc;",
    said: ["S a", "P \\! rm", "P \\g x;", "S b  c"],
  },
  { name: "Unicode", sql: 'größe "日本;語" 😀;', said: ['S größe "日本;語" 😀'] },
  {
    name: "COPY data",
    sql: "COPY t (a, b) FROM stdin;\n1\t'\n\\N\t\\\\.\n\\! x;\nDROP DATABASE y;\n-- z\n\\.\nnext;",
    said: ["S COPY t (a, b) FROM stdin", "S next"],
  },
  { name: "COPY without a row", sql: "COPY t FROM stdin;\n\\.\n\n\nnext;", said: ["S COPY t FROM stdin", "S next"] },
  {
    name: "COPY ended with CR LF",
    sql: "COPY t FROM stdin;\r\n1\r\n\\.\r\nb;\r\n",
    said: ["S COPY t FROM stdin", "S b"],
  },
  {
    name: "COPY TO and COPY in a body have no data",
    sql: "COPY t TO stdout; f $$COPY t FROM stdin;\n$$; b;",
    said: ["S COPY t TO stdout", "S f ''", "S b"],
  },
  {
    name: "strings of a very old dump",
    sql: "SET standard_conforming_strings = off;\n a '\\';' b;\nSET standard_conforming_strings = on;\n c '\\' d;",
    said: ["S SET standard_conforming_strings = off", "S a '' b", "S SET standard_conforming_strings = on", "S c '' d"],
  },
];

describe("whatever the chunks", () => {
  test.each(cases)("$name", ({ sql, said }) => {
    for (let size = 1; size <= Buffer.byteLength(sql); size++) expect(read(sql, size)).toEqual({ said, closed: true });
  });
});

test.each([
  "a",
  "a;\nb",
  "a 'x;",
  "a E'x\\';",
  'a "x;',
  "a $t$ $ $t ;",
  "a; /* x",
  "a; /* /* */",
  "COPY t FROM stdin;",
  "COPY t FROM stdin;\n1\n",
  "COPY t FROM stdin;\n1\n\\.x\n",
])("%p is not closed", (sql) => {
  for (let size = 1; size <= sql.length; size++) expect(read(sql, size).closed).toBe(false);
});

test("a command without an end of its line may have been cut off", () => {
  expect(read("a; \\unrestr").said).toEqual(["S a", "cut \\unrestr"]);
});

test("data that ends with the file, and spaces and comments behind the last statement, are closed", () => {
  expect(read("COPY t FROM stdin;\n1\n\\.").closed).toBe(true);
  expect(read("a;\n\n -- b").said).toEqual(["S a", "C -- b"]);
  expect(read("a;\n\n -- b").closed).toBe(true);
});

test("a statement of megabytes is read to its end, and told only by its beginning", () => {
  const value = "('x'';\\', E'\\';', $$;$$, \"n\")";
  const sql = `INSERT INTO t VALUES ${`${value}, `.repeat(60_000)}${value}; after;`;
  const { said, closed } = read(sql, 1 << 16);
  expect(closed).toBe(true);
  expect(said).toHaveLength(2);
  expect(said[1]).toBe("S after");
  expect(said[0]?.length).toBeLessThan(sql.length / 2);
});
