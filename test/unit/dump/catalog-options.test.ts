import { expect, test } from "bun:test";
import { undocumentedOptions, unwrittenOptions } from "../../support/catalog-options.ts";

test("an option that PostgreSQL does not document is told from the others, wherever it stands", () => {
  const line = (kind: string, def: Record<string, unknown>) => JSON.stringify([kind, "x", def]);
  const lines = [
    line("relation", { options: ["fillfactor=70", "made_up=1"], toast: ["autovacuum_enabled=false", "toasted=a=b"] }),
    line("relation", { options: null, toast: null }),
    line("column", { options: ["n_distinct=5", "n_distinct_inherited=-1", "counted=7"] }),
    line("foreign", { options: ["{host=x}", null] }),
    line("default privileges", {}),
  ];
  expect(undocumentedOptions(lines)).toEqual(["counted", "made_up", "toasted"]);
});

const names = ["made_up"];

test.each([
  "ALTER TABLE ONLY public.t ALTER COLUMN a SET (made_up=1);",
  "ALTER TABLE ONLY public.t ALTER COLUMN a SET (n_distinct=5, made_up=1);",
  "CREATE TABLE public.t (\n    a integer\n)\nWITH (fillfactor='70', made_up='1');",
  "CREATE TABLE public.t (\n    a integer\n)\nWITH (toast.made_up='1');",
])("pg_dump writes it: %s", (dump) => {
  expect(unwrittenOptions(names, dump)).toEqual([]);
});

test.each([
  "ALTER TABLE ONLY public.t ALTER COLUMN a SET (n_distinct=5);",
  'ALTER TABLE ONLY public."x, made_up=1" ALTER COLUMN "a""(made_up=1" SET (n_distinct=5);',
  "COMMENT ON TABLE public.t IS 'ALTER TABLE t ALTER COLUMN a SET (made_up=1);';",
  "-- ALTER TABLE t ALTER COLUMN a SET (made_up=1);\n",
  "COPY public.t (a) FROM stdin;\nALTER TABLE t ALTER COLUMN a SET (made_up=1);\n\\.\n",
  "ALTER TABLE ONLY public.t ALTER COLUMN a SET (not_made_up=1);",
])("pg_dump does not write it: %s", (dump) => {
  expect(unwrittenOptions(names, dump)).toEqual(names);
});
