import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listComposeParts } from "../../../src/server/compose-parts.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pgrove-parts-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function partsOf(files: Record<string, string>): Promise<string[]> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const parts = await listComposeParts([join(folder, "compose.yml")]);
  return parts.map((path) => path.slice(folder.length + 1)).sort();
}

test("a project is made of what its files include and extend, however they say it, and however far", async () => {
  expect(
    await partsOf({
      "compose.yml": `include:
  - a.yml
  - path: [b.yml, c.yml]
  - https://evil.example/repo.git
  - "\${WHICH:-d.yml}"
services: {db: {extends: {file: e.yml, service: db}}, api: {extends: db}}
`,
      "a.yml": "include: [f.yml]\n",
      ...{ "b.yml": "", "c.yml": "services:", "d.yml": "{", "f.yml": "include: [a.yml]\n" },
      "e.yml": "services: {db: {extends: {file: g.yml, service: db}}}\n",
      "g.yml": "services: {db: {}}\n",
      "not-named.yml": "",
    }),
  ).toEqual(["a.yml", "b.yml", "c.yml", "compose.yml", "d.yml", "e.yml", "f.yml", "g.yml"]);
});

test("what is not there, or is no list of services, is left out", async () => {
  expect(await partsOf({ "compose.yml": "include: [absent.yml, {path: 3}]\nservices: [x]\n" })).toEqual([
    "compose.yml",
  ]);
});
