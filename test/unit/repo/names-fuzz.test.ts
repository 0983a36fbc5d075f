/** Names from branches of any kind: one for each, none cut by PostgreSQL, none that anybody would have to quote. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { MAX_NAME_BYTES, nameWithSuffix, quoteIdentifier, quoteLiteral } from "../../../src/postgres/identifier.ts";
import { chooseDatabaseName, chooseProjectName, chooseWorktreeName } from "../../../src/repo/names.ts";
import { trials } from "../../support/property.ts";

const text = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 90 }),
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.constantFrom(
    "feature/x",
    "feature-x",
    "FEATURE/X",
    "main",
    "HEAD",
    "-x",
    "..",
    "a/../b",
    "ä",
    "ƀ_",
    "a".repeat(80),
    "0",
    "",
  ),
);
const branches = fc.uniqueArray(text, { maxLength: 12 });

/** Names one after the other, each beside those before it. */
function nameAll(
  branchNames: readonly string[],
  choose: (branch: string, isTaken: (name: string) => boolean) => string,
) {
  const taken = new Set<string>();
  return branchNames.map((branch) => {
    const name = choose(branch, (each) => taken.has(each));
    taken.add(name);
    return name;
  });
}

test("worktrees, databases and compose projects", () => {
  const property = fc.property(text, branches, (project, all) => {
    const worktrees = nameAll(all, chooseWorktreeName);
    const databases = nameAll(worktrees, (each, isTaken) => chooseDatabaseName(project, each, isTaken));
    const projects = nameAll(worktrees, (each, isTaken) => chooseProjectName("p", each, isTaken));
    for (const names of [worktrees, databases, projects]) {
      expect(new Set(names).size).toBe(all.length);
      for (const name of names) expect(Buffer.byteLength(name)).toBeWithin(1, MAX_NAME_BYTES + 1);
    }
    for (const name of worktrees) {
      expect(name).toMatch(/^[A-Za-z0-9_][A-Za-z0-9._-]*$/); // one folder, no option, nothing hidden
      expect(["main", "head"]).not.toContain(name.toLowerCase());
    }
    for (const name of databases) expect(name).toMatch(/^[a-z_][a-z0-9_]*$/);
    for (const name of projects) expect(name).toMatch(/^[a-z0-9][a-z0-9_-]*$/);
    // The same again where the same are taken.
    expect(nameAll(all, chooseWorktreeName)).toEqual(worktrees);
  });
  fc.assert(property, trials(300, 30_000));
});

test("a name with a suffix is never another one's", () => {
  const long = fc.string({ unit: "grapheme", minLength: 1, maxLength: 63 });
  const property = fc.property(long, long, fc.constantFrom("_before_restore", "_s", ""), (a, b, suffix) => {
    const [one, two] = [nameWithSuffix(a, suffix), nameWithSuffix(b, suffix)];
    expect(one === two).toBe(a === b);
    for (const name of [one, two]) {
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(MAX_NAME_BYTES);
      expect(name).toEndWith(suffix);
      expect(name.isWellFormed()).toBe(true);
    }
  });
  fc.assert(property, trials(300, 30_000));
});

test("what is quoted is one token, which says the same", () => {
  const property = fc.property(fc.string({ unit: "binary", maxLength: 40 }), (name) => {
    if (name.includes("\0")) return expect(() => quoteIdentifier(name)).toThrow();
    const identifier = quoteIdentifier(name);
    expect(identifier.slice(1, -1).replaceAll('""', "")).not.toContain('"');
    expect(identifier.slice(1, -1).replaceAll('""', '"')).toBe(name);
    const literal = quoteLiteral(name).trimStart();
    const isEscaped = literal.startsWith("E");
    const inside = literal.slice(isEscaped ? 2 : 1, -1);
    const halves = isEscaped ? inside.replaceAll("\\\\", "\\") : inside;
    expect(isEscaped).toBe(name.includes("\\"));
    expect(halves.replaceAll("''", "'")).toBe(name);
  });
  fc.assert(property, trials(300, 30_000));
});
