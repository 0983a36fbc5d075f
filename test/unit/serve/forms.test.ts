import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { readRoleMap } from "../../../src/cli/role-map.ts";
import { dumpName, migrationGoal, roleMap, targetName } from "../../../src/serve/forms.ts";
import { mapRoles } from "../../../src/serve/job-words.ts";

const takes = (form: v.GenericSchema, value: unknown) => v.is(form, value);

describe("what becomes a word of a command line", () => {
  test.each(["main", "@staging", "feature-auth", "a b", "🦊", "a'b"])("%s can be a target", (name) => {
    expect(takes(targetName, name)).toBe(true);
  });

  test.each(["", "-C", "--help", "postgres://h/d", "a\0b", "a\nb", "x".repeat(201), 5])("%p cannot", (name) => {
    expect(takes(targetName, name)).toBe(false);
  });

  test.each(["../x", "a/b", "a\\b", "..", "/etc/passwd", "-o"])("%s is no dump in the store", (name) => {
    expect(takes(dumpName, name)).toBe(false);
  });

  test.each(["head", "+1", "-1", "0042", "20260115143022", "add_users"])("migrations can go to %s", (goal) => {
    expect(takes(migrationGoal, goal)).toBe(true);
  });

  test("roles are quoted, so that the command line reads back what was sent", () => {
    const roles = { 'a=b "c"': "me", "--yes": "Ü=" };
    const words = mapRoles(v.parse(roleMap, roles));
    const given = words.map((text) => text.slice("--role-map=".length));
    expect([...(readRoleMap(given) ?? [])]).toEqual(Object.entries(roles));
    expect(takes(roleMap, { "": "me" })).toBe(false);
  });

  test.each(["--all", "-x", "+", "a b", "@production", ""])("and not to %p", (goal) => {
    expect(takes(migrationGoal, goal)).toBe(false);
  });
});
