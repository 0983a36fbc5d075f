/** As much of JSON Schema as the API's document uses: what is wrong with a value, each with its place. */
export interface JsonSchema {
  type?: string;
  const?: unknown;
  enum?: unknown[];
  anyOf?: JsonSchema[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  additionalProperties?: JsonSchema | boolean;
  [word: string]: unknown;
}

/** Words that say nothing of which values are right, or that the answers' schemas do not use. */
const UNDERSTOOD = [
  ...["type", "const", "enum", "anyOf", "properties", "required", "items", "additionalProperties", "description"],
  "propertyNames", // only ever says that a name is a string,
];

/** Throws at a word that it does not know: it would pass over what that says. */
export function findMistakes(schema: JsonSchema, value: unknown, place = "$"): string[] {
  const unknown = Object.keys(schema).find((word) => !UNDERSTOOD.includes(word));
  if (unknown !== undefined) throw new Error(`${place}: the schema has ${unknown}, which is not understood here`);
  const { anyOf, type, properties = {}, required = [], items, additionalProperties } = schema;
  if (anyOf !== undefined && !anyOf.some((each) => findMistakes(each, value, place).length === 0)) {
    return [`${place} is ${JSON.stringify(value)?.slice(0, 80)}, none of ${anyOf.length} forms`];
  }
  if ("const" in schema && schema.const !== value) return [`${place} is not ${JSON.stringify(schema.const)}`];
  if (schema.enum !== undefined && !schema.enum.includes(value)) return [`${place} is ${JSON.stringify(value)}`];
  if (type !== undefined && !isOfType(type, value))
    return [`${place} is ${JSON.stringify(value)?.slice(0, 80)}, no ${type}`];
  if (Array.isArray(value)) {
    return items === undefined ? [] : value.flatMap((each, at) => findMistakes(items, each, `${place}[${at}]`));
  }
  if (typeof value !== "object" || value === null) return [];
  const rest = typeof additionalProperties === "object" ? additionalProperties : undefined;
  return [
    ...required.filter((key) => !Object.hasOwn(value, key)).map((key) => `${place}.${key} is missing`),
    ...Object.entries(value).flatMap(([key, each]) => {
      const own = properties[key] ?? rest;
      return own === undefined ? [] : findMistakes(own, each, `${place}.${key}`);
    }),
  ];
}

function isOfType(type: string, value: unknown): boolean {
  if (type === "null") return value === null;
  if (type === "array") return Array.isArray(value);
  if (type === "integer") return Number.isInteger(value);
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  return typeof value === type;
}
