/** The keys of a factory file. Counts and fields, which take several shapes, are read in factory-fields.ts. */
import * as v from "valibot";
import { count, text, texts } from "../../config/schema-parts.ts";

const entity = v.strictObject({
  table: v.optional(text("The table, where its name is not the entity's: orders, or app.orders.")),
  aliases: v.optional(texts("Other names that `pgrove seed` takes for it.", "A name."), []),
  count: v.optional(v.unknown()),
  per: v.optional(text("The entity that it is made for each row of.")),
  fields: v.optional(v.record(text("A column's name."), v.unknown()), {}),
  unique: v.optional(v.array(v.union([v.string(), v.array(v.string())])), []),
});

/** A number, or the name of a scenario's parameter in braces. */
const scenarioCount = v.union([
  count("How many rows."),
  v.pipe(v.string(), v.regex(/^\{[^{}]+\}$/, "must be a whole number or a parameter such as {users}")),
]);

const scenario = v.strictObject({
  about: v.optional(text("What it is for.")),
  params: v.optional(v.record(text("A parameter's name."), count("What it is when nothing is given.")), {}),
  counts: v.optional(v.record(text("An entity's name."), scenarioCount), {}),
  only: v.optional(texts("The entities that it makes; left out, all.", "An entity's name.")),
});

export const factoryFileSchema = v.strictObject({
  generator_version: v.optional(count("The version of the generators that the file was written for.", 1)),
  seed: v.optional(count("What all chance comes from.")),
  now: v.optional(text("The time that relative times hang on.")),
  entities: v.optional(v.record(text("An entity's name."), entity), {}),
  scenarios: v.optional(v.record(text("A scenario's name."), scenario), {}),
});

export type FactoryFile = v.InferOutput<typeof factoryFileSchema>;
