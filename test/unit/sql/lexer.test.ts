import { describe, expect, test } from "bun:test";
import { SqlLexer } from "../../../src/sql/lexer.ts";
import type { Place } from "../../../src/sql/listener.ts";

interface Read {
  said: string[];
  closed: boolean;
}

/** What the lexer tells of the script; every place is checked to be the place of what it is told with. */
function read(sql: string, chunkSize = Buffer.byteLength(sql) + 1): Read {
  const said: string[] = [];
  const bytes = Buffer.from(sql);
  let settled = 0;
  const piece = ({ start, end }: Place) => {
    expect(start).toBeGreaterThanOrEqual(settled);
    return bytes.toString("utf8", start, end);
  };
  const lexer = new SqlLexer({
    statement: (text, place) => {
      expect(piece(place)).toMatch(/^\S.*;$/s);
      expect(piece(place).split(/[^\p{L}]/u)[0]).toBe(text.split(/[^\p{L}]/u)[0]);
      said.push(`S ${text}`);
    },
    comment: (line) => said.push(`C ${line}`),
    command: (line, whole, place) => {
      expect(piece(place).trimEnd()).toBe(line);
      said.push(`${whole ? "P" : "cut"} ${line}`);
    },
    unclear: () => said.push("?"),
  });
  for (let from = 0; from < bytes.length; from += chunkSize) {
    lexer.add(bytes.subarray(from, from + chunkSize));
    expect(lexer.settled).toBeGreaterThanOrEqual(settled);
    settled = lexer.settled;
  }
  return { said, closed: lexer.finish() };
}

const cases: { name: string; sql: string; said: string[] }[] = [
  { name: "statements and comments", sql: "a b;\n-- c;\nd\n  e ;", said: ["S a b", "C -- c;", "S d e"] },
  {
    name: "comments within a statement",
    sql: "a -- x;'\nb /* ; ' /* \" */ \\! */ c;",
    said: ["C -- x;'", "S a b c"],
  },
  {
    name: "a carriage return ends a comment, too",
    sql: "-- a\rb; -- c\r\\! d\n-- e\r\nf -- g\r;",
    said: ["C -- a", "S b", "C -- c", "P \\! d", "C -- e\r", "C -- g", "S f"],
  },
  {
    name: "and begins a line, on which a string goes on",
    sql: "a E'b'\r'\\' ' \\! c -- '\n;",
    said: ["P \\! c -- '", "S a E'' ''"],
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
    said: ["S a", "P \\! rm", "P \\g x;", "S b c"],
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
    sql: "SET standard_conforming_strings = off;\n a 'x' E'\\';' 'y\\z' b;",
    said: ["S SET standard_conforming_strings = off", "S a '' E'' '' b"],
  },
  {
    name: "a string goes on with one above",
    sql: "a E'x'\n  -- y\n '\\';' b;",
    said: ["C -- y", "?", "S a E'' '' b"],
  },
  { name: "but not with one on its line", sql: "a E'x' '\\' b;", said: ["S a E'' '' b"] },
  {
    name: "nor behind a semicolon",
    sql: "a E'x';\n'\\' b; c e;'\\' d;",
    said: ["S a E''", "S '' b", "S c e", "S '' d"],
  },
  {
    name: "COPY of names that say FROM STDIN",
    sql: 'COPY (SELECT 1 AS "a FROM STDIN b", (2) AS c FROM stdin) TO STDOUT;\nCOPY "x FROM STDIN" TO STDOUT;\na;',
    said: [
      'S COPY (SELECT 1 AS "a FROM STDIN b", (2) AS c FROM stdin) TO STDOUT',
      'S COPY "x FROM STDIN" TO STDOUT',
      "S a",
    ],
  },
  ...["t FROM STDOUT", '"a ""(x TO y"("b)")FROM stdin', "BINARY s . t\n(a,b)\n FROM/* */stdin WITH (FORMAT csv)"].map(
    (from) => ({
      name: `COPY ${from}`,
      sql: `COPY ${from};\n'\n\\.x\n\\.\rx\n\\.\na;`,
      said: [`S COPY ${from.replaceAll("/* */", " ").replaceAll(/\s+/g, " ")}`, "S a"],
    }),
  ),
  {
    name: "a comment behind COPY",
    sql: "COPY t FROM stdin; -- x\n'\n\\.\na;",
    said: ["S COPY t FROM stdin", "C -- x", "S a"],
  },
];

describe("whatever the chunks", () => {
  test.each(cases)("$name", ({ sql, said }) => {
    for (let size = 1; size <= Buffer.byteLength(sql); size++) expect(read(sql, size)).toEqual({ said, closed: true });
  });
});

/** Each hides a command for psql from whoever reads it by simpler rules than psql's, or by those of another version. */
const hidden: { name: string; sql: string }[] = [
  {
    name: "COPY TO with a name that says FROM STDIN",
    sql: 'COPY (SELECT 1 AS "a FROM STDIN b") TO STDOUT;\n\\! x\n\\.\n',
  },
  { name: "COPY FROM STDOUT", sql: "COPY t FROM STDOUT;\n/*\n\\.\n\\! x\n--*/;\n" },
  {
    name: "a carriage return behind the end of rows",
    sql: "COPY t FROM stdin (FORMAT csv);\n\\.\r/*\n\\.\n\\! x\n--*/;\n",
  },
  { name: "a string behind COPY", sql: "COPY t FROM stdin; SELECT '\n'\n\\.\n' \\! x\n';\n" },
  { name: "a comment behind COPY that stays open", sql: "COPY t FROM stdin; /*\n*/ '\n\\.\n*/ \\! x\n';\n" },
  {
    name: "a COPY too long to be kept",
    sql: `COPY t ("${"x".repeat(1 << 19)}") FROM stdin;\n/*\n\\.\n\\! x\n--*/;\n`,
  },
  ...[
    "SET standard_conforming_strings TO off",
    "SET standard_conforming_strings = 'off'",
    "set SESSION Standard_Conforming_Strings = 0",
    'SET "standard_conforming_strings" = off',
    "SELECT pg_catalog.set_config('standard_conforming_strings', 'off', false)",
    "DO $$ begin perform set_config('STANDARD_conforming_strings', 'off', false); end $$",
    "SET standard_conforming_strings = off",
    "SET standard_conforming_strings = off;\nSET standard_conforming_strings = on",
  ].map((set) => ({ name: set, sql: `${set};\nSELECT 'a\\', ';\n\\! x\n--';\n` })),
  { name: "a string that goes on below", sql: "SELECT E'a'\n'b\\'' \\! x\n';\n" },
  { name: "a string that goes on for PostgreSQL alone", sql: "SELECT E'a'\n'\\'';\nSELECT E'\\! x\n';\n" },
  { name: "a name behind a semicolon", sql: "SELECT 1 e;'\\' \\! x\n';\n" },
  { name: "a dollar quote behind a number", sql: "SELECT 1$a$'$a$; \\! x\n';\n" },
  { name: "a dollar quote behind a parameter", sql: "SELECT $1$a$'$a$; \\! x\n';\n" },
  { name: "a dollar in a name", sql: "SELECT \u00a0$a$ \\! x\n $a$;\n" },
  { name: "COPY TO of a name with letters like spaces", sql: "COPY t\u00a0FROM\u3000STDIN TO STDOUT;\n\\! x\n\\.\n" },
  {
    name: "COPY FROM of a name with a letter like a line's end",
    sql: "COPY t\u2028 FROM stdin;\n/*\n\\.\n\\! x\n--*/;\n",
  },
  { name: "E behind a colon", sql: "SELECT :E'\\' \\! x\n';\n" },
];

test.each(hidden)("a command for psql is seen, or the script called unclear: $name", ({ sql }) => {
  for (const size of [1, 2, 3, 7, 64, 1 << 16]) {
    if (sql.length > 1000 && size < 1000) continue;
    const { said } = read(sql, size);
    expect(said.some((each) => each === "?" || each.startsWith("P \\! x"))).toBe(true);
  }
});

test("what PostgreSQL takes for blanks is one between words, and what it takes for letters stays", () => {
  expect(read('DROP\t\f DATABASE  "a  b"\n\u00a0;\n').said).toEqual(['S DROP DATABASE "a  b" \u00a0']);
});

test("a setting that is only mentioned leaves strings clear that are clear without it", () => {
  const sql = "COMMENT ON t IS 'see standard_conforming_strings';\nCOMMENT ON u IS 'C:\\\\x and ''y''';\n";
  expect(read(sql).said).toEqual(["S COMMENT ON t IS ''", "S COMMENT ON u IS ''"]);
  expect(read("COMMENT ON u IS 'C:\\';\n").said).toEqual(["S COMMENT ON u IS ''"]);
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
