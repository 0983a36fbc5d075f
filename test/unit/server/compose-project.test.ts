import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  findComposeEnvFiles,
  findProjectName,
  interpolate,
  normaliseProjectName,
} from "../../../src/server/compose-project.ts";

let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "pgrove-compose-name-"));
});

afterAll(() => rm(root, { recursive: true, force: true }));

async function write(path: string, text: string): Promise<string> {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}

test.each([
  ["deployment", "deployment"],
  ["My App", "myapp"],
  ["_-Onyx.v2", "onyxv2"],
  ["feature/auth", "featureauth"],
  ["Größe_1-x", "gre_1-x"],
])("%p becomes the project %p", (folder, project) => {
  expect(normaliseProjectName(folder)).toBe(project);
});

describe("the project's name", () => {
  test("of a devcontainer's folder is what starts it gives, and compose must be told", async () => {
    const file = await write("Sky App/.devcontainer/docker-compose.yml", "services: {}\n");
    expect(await findProjectName({ files: [file], env: {} })).toEqual({
      ...{ name: "skyapp_devcontainer", from: "folder", given: true },
    });
  });

  test("is the first file's folder when nothing says otherwise", async () => {
    const file = await write("Sky App/compose.yaml", "services: {db: {image: postgres}}\n");
    expect(await findProjectName({ files: [file], env: {} })).toEqual({ name: "skyapp", from: "folder" });
  });

  test("is the last `name:` of the files, however it is written", async () => {
    const plain = await write("a/one.yml", "# name: no\nname: First # a comment\nservices: {}\n");
    const quoted = await write("a/two.yml", "services: {}\n'name': \"Second One\"\n");
    const flow = await write("a/three.yml", '{"name": "third", "services": {}}');
    const inner = await write("a/four.yml", "services:\n  db:\n    name: not-this\n");
    const ask = async (...files: string[]) => (await findProjectName({ files, env: {} }))?.name;
    expect(await ask(plain)).toBe("first");
    expect(await ask(plain, quoted)).toBe("secondone");
    expect(await ask(plain, quoted, flow, inner)).toBe("third");
  });

  test("is read with compose's variables, anchors and own tags", async () => {
    await write("v/.env", "STAGE=blue\n");
    const file = await write(
      "v/compose.yml",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: compose's own variables
      "x-a: &a {b: 1}\nname: app-${STAGE}-${WHO:-me}\nservices: {db: {<<: *a, ports: !override []}}\n",
    );
    expect(await findProjectName({ files: [file], env: {} })).toEqual({ name: "app-blue-me", from: "file" });
    expect((await findProjectName({ files: [file], env: { STAGE: "red" } }))?.name).toBe("app-red-me");
  });

  test("pgrove.yaml beats the environment, the environment the .env, the .env the file", async () => {
    await write("p/.env", "COMPOSE_PROJECT_NAME='from-env-file'\n");
    const file = await write("p/compose.yml", "name: from-file\n");
    const env = { COMPOSE_PROJECT_NAME: "from-environment" };
    expect(await findProjectName({ files: [file], env, project: "given" })).toMatchObject({ name: "given" });
    expect(await findProjectName({ files: [file], env })).toMatchObject({ name: "from-environment" });
    expect(await findProjectName({ files: [file], env: {} })).toMatchObject({ name: "from-env-file" });
  });

  test("a missing file and broken YAML are errors that name the file", async () => {
    const broken = await write("b/compose.yml", "{name: [}\n");
    await expect(findProjectName({ files: [broken], env: {} })).rejects.toThrow(broken);
    await expect(findProjectName({ files: [`${broken}x`], env: {} })).rejects.toMatchObject({ exit: 3 });
  });
});

test("the .env is the one beside the file, else the nearest above it inside the repository", async () => {
  await write(".env", "OUTSIDE=1");
  await write("repo/.git/HEAD", "ref: x");
  const deep = await write("repo/deploy/dev/compose.yml", "");
  expect(await findComposeEnvFiles(deep, {})).toEqual([]);
  const atRoot = await write("repo/.env", "A=1");
  expect(await findComposeEnvFiles(deep, {})).toEqual([atRoot]);
  const beside = await write("repo/deploy/dev/.env", "A=2");
  expect(await findComposeEnvFiles(deep, {})).toEqual([beside]);
  expect(await findComposeEnvFiles(deep, { COMPOSE_DISABLE_ENV_FILE: "true" })).toEqual([]);
});

test("COMPOSE_ENV_FILES counts instead, the last one first in rank, the environment before both", async () => {
  await write("named/.git/HEAD", "ref: x");
  await write("named/.env", "COMPOSE_PROJECT_NAME=unread\n");
  const [one, two] = [
    await write("named/one.env", "WHO=a\nCOMPOSE_PROJECT_NAME=one\n"),
    await write("named/two.env", ""),
  ];
  const file = await write("named/deploy/compose.yml", "services: {}\n");
  const env = { COMPOSE_ENV_FILES: "one.env,two.env" };
  expect(await findComposeEnvFiles(file, env)).toEqual([one, two]);
  expect((await findProjectName({ files: [file], env }))?.name).toBe("one");
  // biome-ignore lint/suspicious/noTemplateCurlyInString: compose's own variables
  await writeFile(two, "COMPOSE_PROJECT_NAME=${WHO}-two\n");
  expect((await findProjectName({ files: [file], env }))?.name).toBe("a-two");
  expect((await findProjectName({ files: [file], env: { ...env, WHO: "b" } }))?.name).toBe("b-two");
});

test.each([
  ["app-$A", "app-1"],
  // biome-ignore-start lint/suspicious/noTemplateCurlyInString: compose's own variables
  ["${A}${MISSING}", "1"],
  ["${MISSING:-x}${EMPTY:-y}${EMPTY-z}", "xy"],
  ["a$$b", "a$b"],
  ["${A:?needed}", "1"],
  ["${MISSING:?needed}", undefined],
  ["${MISSING:-${A}}${A:+set}${MISSING+not}", "1set"],
  ["a$-b", undefined],
  ["${A", undefined],
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: compose's own variables
])("%p is read as %p", (text, expected) => {
  expect(interpolate(text, { A: "1", EMPTY: "" })).toBe(expected);
});
