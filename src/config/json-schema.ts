import { configSchema } from "./config-schema.ts";

/** The JSON Schema of pgrove.yaml, as the text of a file. Made from the one definition, for editors. */
export async function renderJsonSchema(): Promise<string> {
  const { toJsonSchema } = await import("@valibot/to-json-schema");
  const schema = toJsonSchema(configSchema, {
    typeMode: "input",
    ignoreActions: ["raw_check"], // rules about several keys at once: said by loadConfig
  });
  return `${JSON.stringify(schema, allowVariable, 2)}\n`;
}

/** A number or a switch may also come out of a variable. */
function allowVariable(_key: string, node: unknown): unknown {
  if (typeof node !== "object" || node === null || !("type" in node)) return node;
  if (node.type !== "integer" && node.type !== "number" && node.type !== "boolean") return node;
  const { description, default: fallback, ...rest } = { description: undefined, default: undefined, ...node };
  // the type goes into a list of one, so that this does not find its own work
  const own = { ...rest, type: [node.type] };
  return { description, default: fallback, anyOf: [own, { type: "string", pattern: "^\\$\\{.+\\}$" }] };
}
