import { describe, expect, test } from "bun:test";
import { EXIT, PgroveError } from "../../../src/errors.ts";
import { makeScript } from "../../../src/migrate/files/layout.ts";
import type { Script } from "../../../src/sql/script.ts";
import { readShape } from "../../../src/sql/script-shape.ts";

function scriptOf(text: string, transaction = true): Script {
  return makeScript({ shown: "migrations/7_x.up.sql", text }, { start: 0, end: text.length, transaction });
}

const shapeOf = async (text: string, transaction = true) => await readShape(scriptOf(text, transaction));

/** What a script is refused with. */
async function refusalOf(text: string, transaction = true): Promise<PgroveError> {
  const error = await shapeOf(text, transaction).catch((thrown: unknown) => thrown);
  if (error instanceof PgroveError) return error;
  throw new Error(`not refused: ${text}`);
}

const FUNCTION = "create function f() returns int language plpgsql as $$ begin return 1; end $$;";

describe("one transaction of ours", () => {
  test.each([
    "",
    "-- nothing\n",
    "create table t (id int); insert into t values (1)",
    FUNCTION,
    `do $do$ begin perform 1; end $do$;`,
    "insert into t values ('begin; commit;', E'it\\'s; rollback', $x$ vacuum $x$); -- commit",
    "create function f() returns int begin atomic; select case when true then 1 end; end;",
    "savepoint a; select 1; rollback to a; release a;",
    "create index i on t (a); drop index j; reindex table t; analyze t; cluster t using i;",
    "alter type mood add value 'fine';",
    "create subscription s connection '' publication p with (connect = false);",
    "alter table t detach partition p;",
    "/* begin; /* nested */ vacuum; */ select 1",
    'select "concurrently" from "begin"',
  ])("%p", async (sql) => {
    expect(await shapeOf(sql)).toMatchObject({ runner: "sql", transaction: "ours", sql });
  });

  test("a BEGIN and COMMIT around everything is taken out, and positions stay", async () => {
    const sql = "-- é\nbegin;\ncreate table t (id int);\nselect 'x';\ncommit;\n";
    const shape = await shapeOf(sql);
    expect(shape.transaction).toBe("ours");
    expect(shape.sql).toBe("-- é\n      \ncreate table t (id int);\nselect 'x';\n       \n");
    const statements = await shape.statements();
    expect(statements.map((each) => sql.slice(each.start, each.start + each.sql.length))).toEqual([
      "create table t (id int)",
      "select 'x'",
    ]);
    expect(statements[0]?.node).toHaveProperty("CreateStmt");
  });

  test.each(["START TRANSACTION; select 1; END", "begin work; select 1; commit transaction;"])("%p", async (sql) => {
    expect((await shapeOf(sql)).sql.trim().replace(/;$/, "").trim()).toBe("select 1");
  });
});

describe("transactions of its own", () => {
  test.each([
    "begin; select 1; commit; begin; select 2; commit;",
    "select 0; begin; select 1; commit;",
    "begin; select 1; commit; select 2;",
    "begin isolation level serializable; select 1; commit;",
    "begin; select 1; commit and chain; select 2; commit;",
    "begin; select 1; rollback;",
    "begin; select 1; commit; vacuum t;",
  ])("%p", async (sql) => {
    const shape = await shapeOf(sql);
    expect(shape).toMatchObject({ runner: "sql", transaction: "own", sql });
    expect((await shape.statements()).length).toBe(sql.split(";").filter((part) => part !== "").length);
  });

  test.each([
    ["select 1;\nbegin;\nselect 2;\n", "7_x.up.sql:2:1  a transaction begins here and is not ended"],
    ["select 1; commit;", "7_x.up.sql:1:11  a transaction ends that was not begun here"],
    ["begin; begin; commit;", "7_x.up.sql:1:8  a transaction begins inside another one"],
    ["begin; select 1; commit and chain;", "7_x.up.sql:1:18  a transaction begins here and is not ended"],
    ["begin; vacuum t; commit;", "7_x.up.sql:1:8  VACUUM cannot run inside a transaction"],
  ])("%p is refused", async (sql, message) => {
    const error = await refusalOf(sql);
    expect(error.exit).toBe(EXIT.config);
    expect(error.message).toStartWith(`migrations/${message}`);
  });
});

describe("outside of a transaction", () => {
  test.each([
    "create index concurrently i on t (a);",
    "create unique index concurrently if not exists i on t (a)",
    "drop index concurrently i;",
    "reindex index concurrently i",
    "reindex (concurrently) table t",
    "reindex schema public",
    "vacuum (analyze) t; vacuum u;",
    "cluster",
    "create database d",
    "drop database d",
    "alter database d set tablespace s",
    "alter system set work_mem = '1MB'",
    "create tablespace s location '/x'",
    "drop tablespace s",
    "alter table t detach partition p concurrently",
    "create subscription s connection '' publication p",
    "discard all",
    "do $$ begin perform 1; commit; end $$",
    "set lock_timeout = '2s'; create index concurrently i on t (a); reset lock_timeout;",
  ])("%p needs no mark", async (sql) => {
    expect(await shapeOf(sql)).toMatchObject({ runner: "sql", transaction: "none", sql });
  });

  test("a marked file is, whatever it holds", async () => {
    const sql = "select 1; create index concurrently i on t (a); begin; select 2; commit;";
    const shape = await shapeOf(sql, false);
    expect(shape).toMatchObject({ transaction: "none", sql });
    expect(await shape.statements()).toHaveLength(5);
    expect((await shapeOf("select 1", false)).transaction).toBe("none");
    expect((await refusalOf("begin; select 1", false)).message).toContain("is not ended");
  });

  test("beside other statements it is refused, with its place and both ways out", async () => {
    const error = await refusalOf("alter table t add a int;\n  create index concurrently i on t (a);\n");
    expect(error.message).toBe(
      [
        "migrations/7_x.up.sql:2:3  CREATE INDEX CONCURRENTLY cannot run inside a transaction, and the file holds other statements, too",
        "    create index concurrently i on t (a);",
        "    ^",
      ].join("\n"),
    );
    expect(error.hint).toMatch(/migration of its own.*pgrove:no-transaction/);
  });
});

describe("psql", () => {
  const COPY = "copy t (a) from stdin;\nit's\tbegin;\ncommit;\n\\.\n";

  test.each([
    ["\\set x 1\nselect :x;", "ours"],
    ["select 1 \\gexec", "ours"],
    [`create table t (a text);\n${COPY}select 1;`, "ours"],
    [`begin; select 1; commit;\n${COPY}`, "own"],
    [`create function f() returns int begin atomic select 1; end;\n${COPY}`, "ours"],
    [`${COPY}savepoint a; rollback to savepoint a;`, "ours"],
  ])("%p", async (sql, transaction) => {
    const shape = await shapeOf(sql);
    expect<unknown>(shape).toMatchObject({ runner: "psql", transaction, sql });
    expect(await shape.statements()).toEqual([]);
  });

  test("a BEGIN and COMMIT around everything is taken out there, too", async () => {
    const shape = await shapeOf(`\\set a 1\nbegin;\n${COPY}commit;\n`);
    expect(shape).toMatchObject({ runner: "psql", transaction: "ours", sql: `\\set a 1\n      \n${COPY}       \n` });
  });

  test("one that is not ended is refused", async () => {
    expect((await refusalOf(`begin;\n${COPY}`)).message).toStartWith("migrations/7_x.up.sql:1:1  a transaction begins");
  });

  test("what only looks like psql's is not", async () => {
    expect((await shapeOf("select E'\\n', '\\x', $$ \\d $$ -- \\d")).runner).toBe("sql");
    expect((await shapeOf("copy t from '/x'; copy t to stdout;")).runner).toBe("sql");
  });
});

describe("mistakes of syntax", () => {
  test("file, line, column and a caret, behind wide characters and CRLF", async () => {
    const error = await refusalOf("begin;\r\n\tselect '語😀', fromm x y;\r\ncommit;\r\n");
    expect(error.exit).toBe(EXIT.config);
    const [head, line, caret] = error.message.split("\n");
    expect(head).toStartWith("migrations/7_x.up.sql:2:23  syntax error");
    expect(line).toBe("  \tselect '語😀', fromm x y;");
    expect(caret).toBe(`  \t${" ".repeat(Bun.stringWidth("select '語😀', fromm x "))}^`);
  });

  test("a plain script is parsed when its statements are asked for", async () => {
    const shape = await shapeOf("selec 1");
    expect(shape.transaction).toBe("ours");
    await expect(shape.statements()).rejects.toThrow("7_x.up.sql:1:1  syntax error");
  });

  test("a section's lines are those of the file", async () => {
    const text = "-- migrate:up\nselect 1;\n-- migrate:down\ncommit;\n";
    const script = makeScript({ shown: "1.sql", text }, { start: 40, end: text.length, transaction: true });
    await expect(readShape(script)).rejects.toThrow("1.sql:4:1  a transaction ends");
  });
});
