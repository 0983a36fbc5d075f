/** A compose project's name is what compose itself makes of the same files and variables. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { findProject } from "../../../src/server/compose-asked.ts";
import { findProjectName } from "../../../src/server/compose-project.ts";
import { systemRunner } from "../../../src/sys/process.ts";
import { ensureCompose } from "../../support/engine/compose.ts";
import { runOk } from "../../support/engine/run.ts";

const SERVICES = "services: {db: {image: postgres}}\n";
let root: string;

beforeAll(async () => {
  await ensureCompose();
  root = await mkdtemp(join(tmpdir(), "pgrove-compose-asked-"));
});

afterAll(() => rm(root, { recursive: true, force: true }));

async function write(path: string, text: string): Promise<string> {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}

async function askCompose(file: string): Promise<string> {
  const text = await runOk("docker", ["compose", "-f", file, "config", "--format", "json"]);
  return (JSON.parse(text) as { name: string }).name;
}

/** Only compose reads it: the last document's name counts. */
const DOCUMENTS = `name: first\n${SERVICES}---\n`;

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: compose's own variables
test.each([
  ["nested", `name: x-\${A:+set}-\${B:-\${C:-deep}}\n${SERVICES}`, "A=1\n"],
  ["bare", `name: x-$A\n${SERVICES}`, "A=v # comment\n"],
  ["in the env file", SERVICES, "WHO=me\nCOMPOSE_PROJECT_NAME=${WHO:-you}-p\n"],
  ["quoted in the env file", SERVICES, "export COMPOSE_PROJECT_NAME='p-q'\n"],
  ["of an included file", `include: [inc.yaml]\n${SERVICES}`, ""],
])("%s", async (folder, text, env) => {
  await write(`${folder}/inc.yaml`, "name: included\nservices: {other: {image: postgres}}\n");
  await write(`${folder}/.env`, env);
  const file = await write(`${folder}/compose.yaml`, text);
  expect((await findProjectName({ files: [file], env: {} }))?.name).toBe(await askCompose(file));
});
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: compose's own variables

test("what only compose can read is asked once, and again when any of it has changed", async () => {
  const file = await write("several/compose.yaml", `${DOCUMENTS}name: app-$STAGE\n${SERVICES}`);
  await write("several/.env", "STAGE=one\n");
  const memory = { folder: async () => join(root, "state"), key: join(root, "user.key") };
  const ask = async () =>
    (
      await findProject(
        { kind: "compose", files: [file], service: "db", profiles: [] },
        { runner: systemRunner, memory },
      )
    )?.name;
  const { PATH } = process.env;
  const withoutDocker = async () => {
    process.env.PATH = join(root, "nothing");
    return await ask().finally(() => {
      process.env.PATH = PATH;
    });
  };
  expect(await withoutDocker()).toBeUndefined();
  expect(await ask()).toBe(await askCompose(file));
  expect(await withoutDocker()).toBe("app-one");

  const kept = join(root, "state", "compose-project.json");
  const text = await readFile(kept, "utf8");
  await writeFile(kept, text.replace("app-one", "strangers"));
  expect(await withoutDocker()).toBeUndefined();
  await writeFile(kept, text);

  for (const [path, changed] of [
    ["several/.env", "STAGE=two\n"],
    ["several/compose.yaml", `${DOCUMENTS}name: other-$STAGE\n${SERVICES}`],
  ] as const) {
    await write(path, changed);
    expect(await withoutDocker()).toBeUndefined();
    expect(await ask()).toBe(await askCompose(file));
  }
  for (const [name, value] of [
    ["STAGE", "three"],
    ["COMPOSE_PROFILES", "tools"],
  ] as const) {
    process.env[name] = value;
    expect(await withoutDocker()).toBeUndefined();
    expect(await ask()).toBe(await askCompose(file));
    delete process.env[name];
  }
});
