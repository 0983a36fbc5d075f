import { describe, expect, test } from "bun:test";
import { renameSchema } from "../../../../src/migrate/schema/schema-rename.ts";

describe("renameSchema", () => {
  test.each([
    ["names of objects", "CREATE TABLE feature_x.t (id feature_x.kind);", "CREATE TABLE public.t (id public.kind);"],
    ["a relation in a string", "nextval('feature_x.s'::regclass)", "nextval('public.s'::regclass)"],
    [
      "pg_dump's lines",
      "-- Name: t; Type: TABLE; Schema: feature_x; Owner: -",
      "-- Name: t; Type: TABLE; Schema: public; Owner: -",
    ],
    ["the schema itself", "\nCREATE SCHEMA feature_x;\n", "\nCREATE SCHEMA public;\n"],
  ])("%s", (_, before, after) => {
    expect(renameSchema(before, "feature_x", "public")).toBe(after);
  });

  test.each([
    ["a string", "DEFAULT 'feature_x.t'"],
    ["a string with quotes in it", "DEFAULT 'it''s feature_x.t'"],
    ["the body of a function", "AS $$ select * from feature_x.t $$;"],
    ["a body with a tag", "AS $_$ select '$$' from feature_x.t $_$;"],
    ["a longer name", "my_feature_x.t, feature_x2.t"],
    ["a table of that name", "SELECT feature_x FROM other.feature_x"],
    ["a column of a table of that name", "other.feature_x.id"],
    ["a quoted name with the name in it", '"a feature_x.b"'],
    ["a comment of somebody's", "-- see feature_x.t"],
  ])("leaves %s", (_, text) => {
    expect(renameSchema(text, "feature_x", "public")).toBe(text);
  });

  test("names that need quotes, on either side, and characters that a replacement takes for its own", () => {
    expect(renameSchema('"Feature-X".t', "Feature-X", "public")).toBe("public.t");
    expect(renameSchema("app.t", "app", 'A"$&')).toBe('"A""$&".t');
    expect(renameSchema("-- Name: t; Type: TABLE; Schema: app; Owner: -", "app", "$&")).toContain("; Schema: $&; ");
  });
});
