import { describe, expect, test } from "bun:test";
import { chooseSchema, incomingName, runOfIncoming, searchPathOptions } from "../../../src/postgres/schema.ts";
import { mentions } from "../../../src/postgres/schema-objects.ts";
import { parseConnectionUrl } from "../../../src/postgres/url.ts";
import { sessionOptions } from "../../../src/resolve/reach.ts";
import { newRunId } from "../../../src/sys/run-id.ts";
import { qualifyPattern } from "../../../src/unit/selection.ts";

test("libpq's options name the schema whatever it is called", () => {
  expect(searchPathOptions("app")).toBe("-csearch_path=app,public");
  expect(searchPathOptions("public")).toBe("-csearch_path=public");
  expect(searchPathOptions("App")).toBe('-csearch_path="App",public');
  expect(searchPathOptions(`a "b" \\c`)).toBe('-csearch_path="a\\ ""b""\\ \\\\c",public');
});

test("a session is told of its schema only where it would not find it by itself", () => {
  const server = { kind: "container", container: "c" } as const;
  expect(sessionOptions({ server, login: {} })).toBeUndefined();
  expect(sessionOptions({ server, login: {}, schema: "public" })).toBeUndefined();
  expect(sessionOptions({ server, login: {}, schema: "app" })).toBe("-csearch_path=app,public");
  const login = { options: "-cjit=off" };
  expect(sessionOptions({ server, login, schema: "app" })).toBe("-cjit=off -csearch_path=app,public");
  const connection = parseConnectionUrl("postgres://u@h/d?options=-cwork_mem%3D4MB");
  const own = sessionOptions({ server: { kind: "url", connection }, login: {}, schema: "app" });
  expect(own).toBe("-cwork_mem=4MB -csearch_path=app,public");
});

test("a waiting schema's name leads back to its run", () => {
  const run = newRunId(new Date());
  expect(runOfIncoming(incomingName(run))).toBe(run);
  expect(runOfIncoming("pgrove_incoming_mine")).toBeUndefined();
  expect(runOfIncoming(`not_${incomingName(run)}`)).toBeUndefined();
});

describe("the schema that is meant", () => {
  const schema = (name: string, filled: boolean) => ({ name, filled, comment: null });
  const two = [schema("app", true), schema("audit", true), schema("public", false)];

  test.each([
    { says: "the wanted one", schemas: two, wanted: ["audit"], chosen: "audit" },
    { says: "the first wanted one that is there", schemas: two, wanted: ["gone", "public", "app"], chosen: "public" },
    { says: "the only one with something in it", schemas: two.slice(1), wanted: ["gone"], chosen: "audit" },
    { says: "the only one", schemas: two.slice(2), wanted: [], chosen: "public" },
  ])("$says", ({ schemas, wanted, chosen }) => {
    expect(chooseSchema(schemas, wanted, "there")).toBe(chosen);
  });

  test("is asked for when there are several, or none", () => {
    expect(() => chooseSchema(two, ["gone"], "prod")).toThrow(
      "which schema of prod is meant? there is app, audit, public, and no gone",
    );
    expect(() => chooseSchema([], [], "prod")).toThrow("there is none");
  });
});

describe("a function's text that names a schema", () => {
  test.each([
    ["select * from app.users", "app"],
    ["select * from APP . users", "app"],
    ['insert into "app".users values (1)', "app"],
    ['select * from "My App".t', "My App"],
    ["perform public.f()", "public"],
  ])("is found: %s", (text, schema) => expect(mentions(text, schema)).toBe(true));

  test.each([
    ["select * from users", "app"],
    ["select myapp.x, x.app.y, $app.z", "app"],
    ["select app from t", "app"],
    ["select * from My App.t", "My App"],
    ["select axp.t", "a.p"],
  ])("is not: %s", (text, schema) => expect(mentions(text, schema)).toBe(false));
});

test("a pattern of tables without a schema is about the target's", () => {
  expect(qualifyPattern("users", undefined)).toBe("users");
  expect(qualifyPattern("user*", "a.b")).toBe('"a.b".user*');
  expect(qualifyPattern('"odd.name"', "app")).toBe('"app"."odd.name"');
  expect(qualifyPattern("audit.log", "app")).toBe("audit.log");
  expect(qualifyPattern('"au.dit"."log"', "app")).toBe('"au.dit"."log"');
});
