import { expect, test } from "bun:test";
import { planRoles } from "../../../src/archive/globals-sql.ts";

const SQL = String.raw`--
-- PostgreSQL database cluster dump
--
\restrict key
SET default_transaction_read_only = off;
SET client_encoding = 'UTF8';
-- Roles
CREATE ROLE app;
ALTER ROLE app WITH NOSUPERUSER INHERIT NOCREATEROLE CREATEDB LOGIN NOREPLICATION NOBYPASSRLS PASSWORD 'SCRAM-SHA-256$4096:a''b;' VALID UNTIL 'infinity';
ALTER ROLE app SET search_path TO 'a; b', 'c';
COMMENT ON ROLE app IS 'the ''app''; drop role x';
CREATE ROLE "odd; ""role";
ALTER ROLE "odd; ""role" WITH SUPERUSER NOLOGIN;
CREATE ROLE postgres;
ALTER ROLE postgres WITH SUPERUSER;
ALTER ROLE postgres SET work_mem TO '1GB';
CREATE ROLE readers;
ALTER ROLE readers WITH NOSUPERUSER;
GRANT readers TO app WITH ADMIN OPTION, INHERIT TRUE GRANTED BY postgres;
GRANT readers TO "odd; ""role" WITH INHERIT FALSE GRANTED BY "gone; role";
GRANT readers TO postgres WITH INHERIT TRUE GRANTED BY postgres;
CREATE TABLESPACE fast OWNER app LOCATION '/mnt/fast';
GRANT SET ON PARAMETER work_mem TO app;
DROP ROLE app;
DO $$ begin perform 1; end $$;
\unrestrict key
`;

const SERVER = { roles: ["postgres"], superusers: ["postgres"] };

test("what is missing is made, and what is there stays as it is", () => {
  const plan = planRoles(SQL, { ...SERVER, major: 17 });
  expect(plan.roles.map(({ name, isSuperuser }) => [name, isSuperuser])).toEqual([
    ["app", false],
    ['odd; "role', true],
    ["readers", false],
  ]);
  expect(JSON.stringify(plan.roles)).not.toContain("SCRAM");
  expect(plan.roles[0]?.rights).toContain("CREATEDB LOGIN");
  expect(plan.kept).toEqual(["postgres"]);
  expect(plan.statements).toContain("COMMENT ON ROLE app IS 'the ''app''; drop role x'");
  expect(plan.statements).toContain("ALTER ROLE app SET search_path TO 'a; b', 'c'");
  expect(plan.statements).toContain("GRANT readers TO app WITH ADMIN OPTION, INHERIT TRUE");
  expect(plan.statements).toContain('GRANT readers TO "odd; ""role" WITH INHERIT FALSE');
  expect(plan.statements.filter((each) => /SCRAM/.test(each))).toHaveLength(1);
});

test("a role that another replaces is not made, and nobody is put into it", () => {
  const plan = planRoles(SQL, { superusers: [], roles: ["postgres"], replaced: ["readers"], major: 17 });
  expect(plan.roles.map(({ name }) => name)).toEqual(["app", 'odd; "role']);
  expect(plan.statements.join("\n")).not.toContain("readers");
  expect([plan.kept, plan.leftOut]).toEqual([["postgres"], expect.arrayContaining(["app in readers"])]);
});

test("nothing but roles is made, nothing is dropped, and what is left out is named", () => {
  const { statements, leftOut } = planRoles(SQL, { ...SERVER, major: 17 });
  expect(
    statements.filter((each) => !/^(?:CREATE ROLE|ALTER ROLE|COMMENT ON ROLE|GRANT readers TO) /.test(each)),
  ).toEqual([]);
  expect(statements.filter((each) => /postgres/.test(each))).toEqual([]);
  expect(leftOut).toEqual(["postgres in readers", "CREATE TABLESPACE fast", "GRANT SET ON", "DROP ROLE app", "DO ''"]);
});

test("before PostgreSQL 16 a membership has no option but ADMIN", () => {
  const { statements } = planRoles(SQL, { ...SERVER, major: 15 });
  expect(statements).toContain("GRANT readers TO app WITH ADMIN OPTION");
  expect(statements).toContain('GRANT readers TO "odd; ""role"');
});

test("where all are there, nothing is to do", () => {
  const roles = ["postgres", "app", "readers", 'odd; "role'];
  expect(planRoles(SQL, { ...SERVER, roles, major: 17 })).toMatchObject({ roles: [], statements: [] });
});

test.each([
  "ALTER ROLE Postgres WITH PASSWORD 'mine'",
  "ALTER ROLE ALL SET search_path TO evil",
  "ALTER ROLE CURRENT_USER WITH NOLOGIN",
  "ALTER ROLE gone SET work_mem TO 64",
  "CREATE ROLE readers; GRANT readers TO POSTGRES",
  "COMMENT ON ROLE POSTGRES IS 'x'",
])("what is said of roles that the text does not make is left out: %s", (sql) => {
  const { statements } = planRoles(`${sql};`, { ...SERVER, major: 17 });
  expect(statements.filter((each) => each !== "CREATE ROLE readers")).toEqual([]);
});

test.each([
  "ALTER/**/ROLE a WITH SUPERUSER",
  "ALTER ROLE a WITH LOGIN\nSUPERUSER\tNOINHERIT",
  "ALTER ROLE A WITH SUPERUSER; ALTER ROLE a WITH LOGIN",
  "GRANT postgres TO a",
  "GRANT pg_execute_server_program TO a",
  "CREATE ROLE b; GRANT b TO a; ALTER ROLE b WITH SUPERUSER",
])("who may do everything is named, however it is said: %s", (sql) => {
  const { roles } = planRoles(`CREATE ROLE a; ${sql};`, { ...SERVER, major: 17 });
  expect(roles.find(({ name }) => name === "a")?.isSuperuser).toBe(true);
});
