import { expect, test } from "bun:test";
import type { ArchiveEntry } from "../../../src/archive/archive.ts";
import { grantsOfExtensions, isOfSkipped, listOfKept } from "../../../src/archive/archive-wants.ts";

let id = 0;

function entry(kind: string, schema: string, tag: string, definition = ""): ArchiveEntry {
  const place = { start: 0, end: definition.length };
  id += 1;
  return {
    ...{ id, kind, schema, tag, definition, place },
    owner: "",
    tablespace: "",
    dependencies: [],
    leftOut: { names: [], parts: [] },
  };
}

const skipping = { owners: false, grants: false, objects: new Set(["extension pg_cron"]) };
const named = ["cron.job", "SCHEMA cron", "FUNCTION cron.schedule(schedule text, command text)"];

const theirs = [
  entry("EXTENSION", "", "pg_cron", "CREATE EXTENSION IF NOT EXISTS pg_cron WITH SCHEMA public;\n"),
  entry("COMMENT", "", "EXTENSION pg_cron", "COMMENT ON EXTENSION pg_cron IS 'x';\n"),
  entry("ACL", "", "SCHEMA cron", "GRANT USAGE ON SCHEMA cron TO reader;\n"),
  entry("ACL", "cron", "TABLE job", "GRANT SELECT ON TABLE cron.job TO reader;\n"),
  entry("ACL", "cron", "COLUMN job.jobid", "GRANT SELECT(jobid) ON TABLE cron.job TO reader;\n"),
  entry(
    ...(["ACL", "cron", "FUNCTION schedule(schedule text, command text)"] as const),
    "REVOKE ALL ON FUNCTION cron.schedule(schedule text, command text) FROM PUBLIC;\n",
  ),
  entry(
    "DEFAULT ACL",
    "cron",
    "x",
    "ALTER DEFAULT PRIVILEGES FOR ROLE a IN SCHEMA cron GRANT SELECT ON TABLES  TO b;\n",
  ),
  entry("ROW SECURITY", "cron", "job", "ALTER TABLE cron.job ENABLE ROW LEVEL SECURITY;\n"),
  entry("POLICY", "cron", "job p", "CREATE POLICY p ON cron.job USING (true);\n"),
  entry("SECURITY LABEL", "cron", "TABLE job", "SECURITY LABEL FOR x ON TABLE cron.job IS 'secret';\n"),
];
const others = [
  entry("EXTENSION", "", "pg_cronjob", "CREATE EXTENSION IF NOT EXISTS pg_cronjob WITH SCHEMA public;\n"),
  entry("SCHEMA", "", "cron2", "CREATE SCHEMA cron2;\n"),
  entry("TABLE", "app", "job", "CREATE TABLE app.job (id integer);\n"),
  entry("ACL", "", "SCHEMA cron2", "GRANT USAGE ON SCHEMA cron2 TO reader;\n"),
  entry("ACL", "app", "TABLE job", "GRANT SELECT ON TABLE app.job TO reader;\n"),
  entry("ACL", "public", "TABLE t", "GRANT SELECT ON TABLE public.t TO reader;\n"),
  entry("ACL", "pg_catalog", "FUNCTION f()", "GRANT ALL ON FUNCTION pg_catalog.f() TO reader;\n"),
  entry("SECURITY LABEL", "app", "TABLE job", "SECURITY LABEL FOR x ON TABLE app.job IS 'ON SCHEMA cron TO';\n"),
  entry("POLICY", "app", "job p", "CREATE POLICY p ON app.job USING (note <> ' cron.job ');\n"),
];

test("what an extension has of its own goes with it, and nothing that reads like it", () => {
  const goes = (each: ArchiveEntry) => isOfSkipped(each, skipping, named);
  expect(theirs.filter((each) => !goes(each)).map(({ definition }) => definition)).toEqual([]);
  expect(others.filter(goes).map(({ definition }) => definition)).toEqual([]);
});

test("grants in a schema of which the archive makes nothing are an extension's", () => {
  const entries = [...theirs, ...others];
  expect(grantsOfExtensions(entries)).toEqual(["grants in cron"]);
  const objects = new Set([...skipping.objects, ...grantsOfExtensions(entries)]);
  expect(listOfKept(entries, { ...skipping, objects })).toBe(others.map((each) => `${each.id};\n`).join(""));
});
