/** Others in place of a dump's roles: every name of one, and no other byte. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { mapRoles } from "../../../src/archive/map-roles.ts";
import { findRoleNames } from "../../../src/archive/role-names.ts";
import { trials } from "../../support/property.ts";

const ROLES = new Map([
  ["a", "b"],
  ["b", "a"],
  ["My Role", "app"],
  ['o"x', "it's"],
]);

async function* inChunks(sql: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(sql);
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

async function mapped(sql: string, size = 4096): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of mapRoles(inChunks(sql, size), ROLES)) pieces.push(new Uint8Array(piece));
  return Buffer.concat(pieces).toString("utf8");
}

describe("who owns something, or may use it", () => {
  test.each([
    ["ALTER TABLE a.a OWNER TO a;", 'ALTER TABLE a.a OWNER TO "b";'],
    ['ALTER SCHEMA a OWNER TO "My Role";', 'ALTER SCHEMA a OWNER TO "app";'],
    ["ALTER FUNCTION a.a(a a, OUT b b) OWNER TO b;", 'ALTER FUNCTION a.a(a a, OUT b b) OWNER TO "a";'],
    ["ALTER FUNCTION a.a() OWNER TO A;", 'ALTER FUNCTION a.a() OWNER TO "b";'],
    ["ALTER AGGREGATE public.a(*) OWNER TO a;", 'ALTER AGGREGATE public.a(*) OWNER TO "b";'],
    ["ALTER OPERATOR public.=== (a, a) OWNER TO a;", 'ALTER OPERATOR public.=== (a, a) OWNER TO "b";'],
    ["ALTER OPERATOR CLASS a.a USING btree OWNER TO a;", 'ALTER OPERATOR CLASS a.a USING btree OWNER TO "b";'],
    ["ALTER LARGE OBJECT 16385 OWNER TO a;", 'ALTER LARGE OBJECT 16385 OWNER TO "b";'],
    ["ALTER TABLE rename OWNER TO a;", 'ALTER TABLE rename OWNER TO "b";'],
    [
      'GRANT SELECT(a),UPDATE("My Role") ON TABLE public.a TO a, "My Role", c WITH GRANT OPTION;',
      'GRANT SELECT(a),UPDATE("My Role") ON TABLE public.a TO "b", "app", c WITH GRANT OPTION;',
    ],
    ["REVOKE ALL ON SCHEMA a FROM PUBLIC;", "REVOKE ALL ON SCHEMA a FROM PUBLIC;"],
    ["GRANT ALL ON FUNCTION a(a a) TO c GRANTED BY a;", 'GRANT ALL ON FUNCTION a(a a) TO c GRANTED BY "b";'],
    [
      'ALTER DEFAULT PRIVILEGES FOR ROLE "o""x" IN SCHEMA a GRANT SELECT ON TABLES  TO b;',
      'ALTER DEFAULT PRIVILEGES FOR ROLE "it\'s" IN SCHEMA a GRANT SELECT ON TABLES  TO "a";',
    ],
    [
      "CREATE POLICY a ON a.a FOR SELECT TO a, c USING ((a = CURRENT_USER) OR (a = 'a'::name));",
      "CREATE POLICY a ON a.a FOR SELECT TO \"b\", c USING ((a = CURRENT_USER) OR (a = 'a'::name));",
    ],
    ["CREATE POLICY a ON a AS RESTRICTIVE TO a;", 'CREATE POLICY a ON a AS RESTRICTIVE TO "b";'],
    [
      "CREATE USER MAPPING FOR a SERVER a OPTIONS (\n    \"user\" 'a'\n);",
      'CREATE USER MAPPING FOR "b" SERVER a OPTIONS (\n    "user" \'a\'\n);',
    ],
    ["CREATE SCHEMA a AUTHORIZATION a;", 'CREATE SCHEMA a AUTHORIZATION "b";'],
    ["SET SESSION AUTHORIZATION a;", 'SET SESSION AUTHORIZATION "b";'],
    ["SET SESSION AUTHORIZATION 'o\"x';", "SET SESSION AUTHORIZATION 'it''s';"],
    ["SET ROLE a;", 'SET ROLE "b";'],
    ["ALTER /* a */ VIEW -- OWNER TO a\n a OWNER TO a;", 'ALTER /* a */ VIEW -- OWNER TO a\n a OWNER TO "b";'],
  ])("%s", async (sql, expected) => {
    for (let size = 1; size <= sql.length; size++) expect(await mapped(`${sql}\n`, size)).toBe(`${expected}\n`);
  });
});

const UNTOUCHED = [
  "SET SESSION AUTHORIZATION DEFAULT;",
  "GRANT SELECT ON TABLE a TO c;",
  "ALTER TABLE ONLY a ALTER COLUMN a SET DEFAULT a();",
  "ALTER TABLE t ADD CONSTRAINT a CHECK ((a <> ' OWNER TO a'::text));",
  "COMMENT ON COLUMN t.a IS 'GRANT ALL ON t TO a;';",
  "-- Name: a; Type: TABLE; Schema: a; Owner: a",
  "/* GRANT ALL ON t TO a; */",
  "CREATE FUNCTION a() RETURNS void LANGUAGE plpgsql AS $a$ begin GRANT ALL ON t TO a; SET ROLE a; end $a$;",
  'CREATE VIEW a AS SELECT a AS "OWNER TO a", b FROM a;',
  "INSERT INTO a VALUES ('ALTER TABLE t OWNER TO a;');",
  "COPY a.a (a, b) FROM stdin;\nGRANT ALL ON t TO a;\nALTER TABLE t OWNER TO a;\n\\.\n",
  "SELECT pg_catalog.set_config('search_path', 'a', false);",
  "COMMENT ON POLICY a ON a IS 'TO a';",
  'ALTER TABLE t OWNER TO "A";',
  "CREATE POLICY c ON t TO c USING (a IN (SELECT a FROM a));",
];

test("nothing else of a dump changes: rows, strings, bodies, comments, and what only has a role's name", async () => {
  const touched = [
    ["ALTER TABLE t OWNER TO a;", 'ALTER TABLE t OWNER TO "b";'],
    ['GRANT ALL ON TABLE t TO "My Role";', 'GRANT ALL ON TABLE t TO "app";'],
  ];
  const line = fc.constantFrom(...UNTOUCHED.map((sql) => [sql, sql]), ...touched);
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 1, max: 99 }),
      async (lines, size) => {
        const [before, after] = [0, 1].map((which) => lines.map((each) => each[which]).join("\n"));
        expect(await mapped(`${before}\n`, size)).toBe(`${after}\n`);
      },
    ),
    trials(60, 2000),
  );
});

test("behind rows and statements of megabytes it is found, and none of these is held", async () => {
  const rows = `COPY t FROM stdin;\n${"GRANT ALL ON t TO a;\n".repeat(100_000)}\\.\n`;
  const values = `INSERT INTO t VALUES ${"('ALTER TABLE t OWNER TO a;'), ".repeat(80_000)}(1);\n`;
  const sql = `${rows}ALTER TABLE t OWNER TO a;\n${values}GRANT ALL ON TABLE t TO a;\n`;
  const expected = `${rows}ALTER TABLE t OWNER TO "b";\n${values}GRANT ALL ON TABLE t TO "b";\n`;
  expect((await mapped(sql, 1 << 18)) === expected).toBe(true);
});

test("a statement that names a role otherwise ends it", async () => {
  for (const sql of [
    "ALTER TABLE t RENAME owner TO a;",
    "CREATE SCHEMA AUTHORIZATION a;",
    `GRANT ALL ON TABLE t TO ${"c, ".repeat(500_000)}a;`,
  ]) {
    const error = await mapped(`${sql}\n`).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "role_unclear", exit: 1 });
  }
});

test("roles are found in bytes, whatever stands in front of them", () => {
  const statement = Buffer.from('GRANT ALL ON TABLE "größe" TO "Jörg", a;');
  const names = findRoleNames(statement).map(({ role, start, end }) => [
    role,
    statement.subarray(start, end).toString(),
  ]);
  expect(names).toEqual([
    ["Jörg", '"Jörg"'],
    ["a", "a"],
  ]);
});
