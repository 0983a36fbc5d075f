import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXIT } from "../../../src/errors.ts";
import { addAlias, aliasFile, listAliases, removeAlias, resolveRepoArgument } from "../../../src/repo/aliases.ts";

let base = "";
let file = "";
let count = 0;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), "pgrove-aliases-"));
  for (const name of ["onyx", "opal", "gone"]) await mkdir(join(base, name));
});
afterAll(async () => {
  await rm(base, { recursive: true });
});

function fresh(): string {
  file = join(base, `config${count++}`, "pgrove", "repos.json");
  return file;
}

test("the file lies below XDG_CONFIG_HOME, else ~/.config", () => {
  expect(aliasFile({ XDG_CONFIG_HOME: "/c" }, "/h")).toBe("/c/pgrove/repos.json");
  expect(aliasFile({ XDG_CONFIG_HOME: "c" }, "/h")).toBe("/h/.config/pgrove/repos.json");
});

test("added, listed by name, removed", async () => {
  fresh();
  expect(await listAliases(file)).toEqual([]);
  await addAlias(file, "opal", join(base, "opal"));
  await addAlias(file, "onyx", join(base, "onyx"));
  expect(await addAlias(file, "onyx", `${base}/x/../onyx/`)).toEqual({ name: "onyx", path: join(base, "onyx") });
  expect((await listAliases(file)).map(({ name }) => name)).toEqual(["onyx", "opal"]);
  expect(JSON.parse(await readFile(file, "utf8")).version).toBe(1);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await removeAlias(file, "onyx")).toEqual({ name: "onyx", path: join(base, "onyx") });
  expect((await listAliases(file)).map(({ name }) => name)).toEqual(["opal"]);
  await expect(removeAlias(file, "opel")).rejects.toThrow('"opel"; did you mean opal?');
});

test("a name that stands for another folder is not taken over", async () => {
  fresh();
  await addAlias(file, "onyx", join(base, "onyx"));
  await expect(addAlias(file, "onyx", join(base, "opal"))).rejects.toMatchObject({ exit: EXIT.refused });
  expect(await listAliases(file)).toEqual([{ name: "onyx", path: join(base, "onyx") }]);
});

test.each(["", "Onyx", "-x", ".x", "a/b", "a b", "ö", "__proto__", "a\n"])("%j is no alias", async (name) => {
  await expect(addAlias(fresh(), name, base)).rejects.toMatchObject({ exit: EXIT.usage });
});

test("a folder that is none is not remembered", async () => {
  await expect(addAlias(fresh(), "x", join(base, "nowhere"))).rejects.toMatchObject({ exit: EXIT.missing });
  expect(await listAliases(file)).toEqual([]);
});

test("constructor and toString are names like any other", async () => {
  fresh();
  await expect(removeAlias(file, "constructor")).rejects.toMatchObject({ exit: EXIT.missing });
  await addAlias(file, "constructor", base);
  expect(await listAliases(file)).toEqual([{ name: "constructor", path: base }]);
});

describe("a damaged or newer file is refused, and not overwritten", () => {
  test.each([
    ["", "damaged"],
    ['{"version":1,"repos":{"a":', "damaged"],
    ["[]", "damaged"],
    ["null", "damaged"],
    ['{"version":1}', "damaged"],
    ['{"version":1,"repos":{"a":7}}', "damaged"],
    ['{"version":1,"repos":{"A b":"/x"}}', "damaged"],
    ['{"version":2,"repos":{},"more":1}', "newer pgrove"],
  ])("%j", async (content, expected) => {
    await mkdir(join(fresh(), ".."), { recursive: true });
    await writeFile(file, content);
    await expect(listAliases(file)).rejects.toMatchObject({ exit: EXIT.config });
    await expect(addAlias(file, "x", base)).rejects.toThrow(expected);
    expect(await readFile(file, "utf8")).toBe(content);
  });
});

describe("resolveRepoArgument", () => {
  const resolveIn = (argument: string, cwd = base) => resolveRepoArgument(argument, { cwd, home: base, file });

  test("a folder wins over an alias; relative, absolute and ~ are understood", async () => {
    fresh();
    await addAlias(file, "onyx", join(base, "opal"));
    expect(await resolveIn("onyx")).toBe(join(base, "onyx"));
    expect(await resolveIn("onyx", join(base, "opal"))).toBe(join(base, "opal"));
    expect(await resolveIn(join(base, "gone"))).toBe(join(base, "gone"));
    expect(await resolveIn("~/opal", "/")).toBe(join(base, "opal"));
    expect(await resolveIn(".")).toBe(base);
  });

  test("neither: a suggestion; an alias whose folder has gone: said so", async () => {
    fresh();
    await addAlias(file, "oldone", join(base, "gone"));
    await expect(resolveIn("oldonne")).rejects.toThrow("did you mean oldone?");
    await expect(resolveIn("./oldone")).rejects.toThrow(`there is no folder ${join(base, "oldone")}`);
    await rm(join(base, "gone"), { recursive: true });
    await expect(resolveIn("oldone")).rejects.toMatchObject({ exit: EXIT.missing, hint: "pgrove repos remove oldone" });
    await mkdir(join(base, "gone"));
  });
});
