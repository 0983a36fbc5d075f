import { describe, expect, test } from "bun:test";
import { isSkipped, type Skipping, type Want, wantsOfSql } from "../../../src/archive/wants.ts";

const wants = (sql: string) => wantsOfSql(sql).map(({ kind, object, roles }) => [kind, object, ...roles].join("|"));

describe("what a statement asks for", () => {
  test.each([
    ['CREATE EXTENSION IF NOT EXISTS "uuid-ossp" WITH SCHEMA public;', "object|extension uuid-ossp"],
    ["COMMENT ON EXTENSION \"uuid-ossp\" IS 'made';", "object|extension uuid-ossp"],
    ["CREATE EVENT TRIGGER watch ON ddl_command_end\n   EXECUTE FUNCTION public.f();", "object|event trigger watch"],
    ["ALTER EVENT TRIGGER watch OWNER TO boss;", "owner|event trigger watch|boss"],
    ["CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (connect = false);", "object|subscription s"],
    ['ALTER SUBSCRIPTION "s t" OWNER TO boss;', "owner|subscription s t|boss"],
    ["ALTER SUBSCRIPTION s ENABLE;", "object|subscription s"],
    ["COMMENT ON SUBSCRIPTION s IS 'x';", "object|subscription s"],
    ["SECURITY LABEL FOR 'dummy' ON SUBSCRIPTION s IS 'x';", "object|subscription s"],
    ["SECURITY LABEL FOR dummy ON TABLE t IS 'x';", "object|extension dummy"],
    ['ALTER TABLE public.t OWNER TO "the boss";', "owner||the boss"],
    ["CREATE PUBLICATION p FOR ALL TABLES WITH (publish = 'insert');", "object|publication p"],
    ["ALTER PUBLICATION p ADD TABLE ONLY public.t;", "object|publication p"],
    ['CREATE POLICY p ON public.t FOR SELECT TO a, "b c" USING ((x = 1));', "object|policy p on public.t|a|b c"],
    ["CREATE POLICY p ON public.t AS RESTRICTIVE TO PUBLIC USING (true);", "object|policy p on public.t"],
    ["CREATE POLICY p ON public.t USING (f(' TO nobody'::text));", "object|policy p on public.t"],
    ["CREATE USER MAPPING FOR me SERVER far OPTIONS (\"user\" 'x');", "object|user mapping of me for far|me"],
    ["CREATE USER MAPPING FOR PUBLIC SERVER far;", "object|user mapping of PUBLIC for far"],
    ["GRANT SELECT ON TABLE t TO a, b WITH GRANT OPTION;", "grant||a|b"],
    ["GRANT SELECT ON TABLE t TO a GRANTED BY b;", "grant||a|b"],
    ["REVOKE ALL ON SCHEMA public FROM PUBLIC;", "grant|"],
    ["ALTER DEFAULT PRIVILEGES FOR ROLE a IN SCHEMA s REVOKE ALL ON TABLES FROM a;", "grant||a|a"],
    ["ALTER DEFAULT PRIVILEGES FOR ROLE a GRANT ALL ON TABLES TO b;", "grant||a|b"],
    ["SET SESSION AUTHORIZATION 'O''Hara';", "session||O'Hara"],
    ["ALTER TABLE t OWNER TO CURRENT_USER;", "owner|"],
    ['SET SESSION AUTHORIZATION "a b";', "session||a b"],
    ["SET ROLE 'a b';", "session||a b"],
    ["SET LOCAL ROLE TO a;", "session||a"],
    ["SET LOCAL SESSION AUTHORIZATION 'a';", "session||a"],
    ["ALTER POLICY p ON public.t TO a;", "object|policy p on public.t|a"],
    ["GRANT a, b TO c WITH ADMIN OPTION;", "grant||a|b|c"],
    ['REASSIGN OWNED BY a, "b c" TO d;', "owner||a|b c|d"],
    ["DROP OWNED BY a CASCADE;", "owner||a"],
    ["CREATE FUNCTION f() RETURNS int LANGUAGE sql\n    SET role TO 'a b'\n    AS $$ SELECT 1 $$;", "setting||a b"],
    ["CREATE FUNCTION f() RETURNS int LANGUAGE sql SET role = none AS 'SET role TO b';", "setting|"],
    ["CREATE SCHEMA s AUTHORIZATION a;", "role||a"],
    ["SET log_statement = 'none';", "setting|"],
    ['CREATE SCHEMA "s x";', "object|schema s x"],
    ["COPY t FROM PROGRAM 'x';", "object|COPY … PROGRAM"],
    ["copy t (a) to '/x' with (format csv);", "object|COPY of a file of the server's"],
    ["ALTER ROLE me SUPERUSER;", "object|role me"],
    [
      "CREATE FUNCTION f() RETURNS int LANGUAGE c AS '$libdir/x', 'f';",
      "object|function f, which is not in SQL or a trusted language",
    ],
    [
      "CREATE FUNCTION f() RETURNS int LANGUAGE plpython3u AS $$return 1$$;",
      "object|function f, which is not in SQL or a trusted language",
    ],
    ["CREATE TYPE t (\n    INPUT = i,\n    OUTPUT = o\n);", "object|base type t"],
    ["CREATE CAST (a AS b) WITHOUT FUNCTION AS IMPLICIT;", "object|cast (a AS b) without a function"],
  ])("%s", (sql, expected) => {
    expect(wants(sql)).toEqual([expected]);
  });

  test.each([
    "SET SESSION AUTHORIZATION DEFAULT;",
    "SET ROLE NONE;",
    "RESET SESSION AUTHORIZATION;",
    "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'GRANT ALL ON t TO nobody; CREATE EXTENSION x;';",
    "CREATE TABLE t (a text DEFAULT 'CREATE EVENT TRIGGER x');",
    "INSERT INTO t VALUES ('ALTER TABLE t OWNER TO nobody;');",
  ])("nothing: %s", (sql) => {
    expect(wants(sql)).toEqual([]);
  });

  test("which settings a function has, and what only superusers do", () => {
    const [routine] = wantsOfSql(
      "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER\n    SET search_path TO ''\n    SET log_statement TO 'none'\n    AS $$select 1$$;",
    );
    expect(routine?.settings).toEqual(["search_path", "log_statement"]);
    const bySuperusers = (sql: string) => wantsOfSql(sql).map(({ superuser }) => superuser);
    expect(bySuperusers("CREATE PUBLICATION p FOR TABLES IN SCHEMA s; CREATE PUBLICATION p FOR TABLE t;")).toEqual([
      true,
      false,
    ]);
    expect(bySuperusers("CREATE EVENT TRIGGER e ON sql_drop EXECUTE FUNCTION f();")).toEqual([true]);
  });
});

test("what is skipped: owners, grants, or single objects with all that is said of them", () => {
  const sql = `ALTER PUBLICATION p OWNER TO a; ALTER TABLE t OWNER TO a; GRANT ALL ON t TO a;
    CREATE PUBLICATION p; COMMENT ON PUBLICATION p IS 'x'; CREATE PUBLICATION q;`;
  const skipped = (skipping: Partial<Skipping>): Want["kind"][] =>
    wantsOfSql(sql)
      .filter((want) => isSkipped(want, { owners: false, grants: false, objects: new Set(), ...skipping }))
      .map(({ kind }) => kind);
  expect(skipped({})).toEqual([]);
  expect(skipped({ owners: true })).toEqual(["owner", "owner"]);
  expect(skipped({ grants: true })).toEqual(["grant"]);
  expect(skipped({ objects: new Set(["publication p"]) })).toEqual(["owner", "object", "object"]);
});

test("security labels go with the extension whose library gives them", () => {
  const [label, quoted, none] = wantsOfSql(
    `SECURITY LABEL FOR anon ON COLUMN t.name IS 'x'; SECURITY LABEL FOR "anon" ON TABLE t IS 'y;z'; SECURITY LABEL ON TABLE t IS 'z';`,
  );
  const skipping = { owners: false, grants: false, objects: new Set(["extension anon"]) };
  expect([label, quoted].map((want) => want !== undefined && isSkipped(want, skipping))).toEqual([true, true]);
  expect(none).toBeUndefined();
});
