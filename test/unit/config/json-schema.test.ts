import { expect, test } from "bun:test";
import { join } from "node:path";
import { renderJsonSchema } from "../../../src/config/json-schema.ts";

const FILE = join(import.meta.dir, "../../../schema/pgrove.schema.json");

test("the JSON Schema in the repository is the one that the definition makes: `npm run schema`", async () => {
  expect(await Bun.file(FILE).text()).toBe(await renderJsonSchema());
});

test("every key is described, and no unknown one is allowed", async () => {
  const seen: string[] = [];
  const visit = (node: unknown, path: string) => {
    if (typeof node !== "object" || node === null) return;
    const properties: unknown = Reflect.get(node, "properties");
    if (typeof properties !== "object" || properties === null) return;
    expect([path, Reflect.get(node, "additionalProperties")]).toEqual([path, false]);
    for (const [key, value] of Object.entries(properties)) {
      seen.push(`${path}${key}`);
      expect([key, typeof Reflect.get(value, "description")]).toEqual([key, "string"]);
      visit(value, `${path}${key}.`);
    }
  };
  visit(JSON.parse(await renderJsonSchema()), "");
  expect(seen).toContain("dumps.keep.weekly");
  expect(seen).toContain("server.compose.service");
  expect(seen).toContain("migrations.schema_file");
});
