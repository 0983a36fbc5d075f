import { expect, test } from "bun:test";
import { join } from "node:path";
import { listGenerators } from "../../../src/seed/generate/catalogue.ts";

test("docs/factories.md names every generator, as the program describes it, and no other", async () => {
  const text = await Bun.file(join(import.meta.dir, "../../../docs/factories.md")).text();
  const table = text.slice(text.indexOf("## Generators"));
  const described = [...table.matchAll(/^\| `(\w+)`.*?\| (.*) \|$/gm)].map(([, name, about]) => [name, about]);
  expect(described).toEqual(listGenerators().map(({ name, about }) => [name, about.replaceAll("|", "\\|")]));
});
