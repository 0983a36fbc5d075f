// Writes schema/pgrove.schema.json, by which editors complete and check pgrove.yaml. usage: bun run scripts/write-schema.ts
import { join } from "node:path";
import { renderJsonSchema } from "../src/config/json-schema.ts";

await Bun.write(join(import.meta.dir, "..", "schema", "pgrove.schema.json"), await renderJsonSchema());
