/** Any method of @faker-js/faker by its dotted name, seeded for each cell. It is loaded only when a plan names it. */
import type { Faker } from "@faker-js/faker";
import * as v from "valibot";
import { appendNull, appendText } from "./copy-text.ts";
import { drawBits, mixKeys } from "./mix.ts";
import { type Cell, type CellSite, defineGenerator, type GeneratorDefinition, isTextType } from "./site.ts";

let faker: Faker | undefined;

/** Loads faker, which takes a few milliseconds. Cells of its methods can be made from then on. */
export async function loadFaker(): Promise<void> {
  faker ??= (await import("@faker-js/faker/locale/en")).faker;
}

/** "internet.email" */
export const FAKER_METHOD = /^[a-z]\w*\.[a-zA-Z]\w*$/;

function findMethod(method: string): ((...values: unknown[]) => unknown) | undefined {
  const [group = "", name = ""] = method.split(".");
  const owner: unknown = faker === undefined ? undefined : Reflect.get(faker, group);
  if (typeof owner !== "object" || owner === null) return undefined;
  const found: unknown = Reflect.get(owner, name);
  return typeof found === "function" ? (...values) => Reflect.apply(found, owner, values) : undefined;
}

function showValue(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** The row's number makes a text differ; before the @ of an address. */
function withRow(text: string, row: number): string {
  const at = text.lastIndexOf("@");
  return at < 0 ? `${text} ${row + 1}` : `${text.slice(0, at)}${row + 1}${text.slice(at)}`;
}

function compileMethod(method: string, values: readonly unknown[], site: CellSite): Cell {
  const library = faker;
  if (library === undefined) throw new Error("faker is used before prepareGenerators has loaded it");
  const call = findMethod(method);
  if (call === undefined) throw site.mistake(`faker has no method ${method}`, "its methods: https://fakerjs.dev/api/");
  if (site.distinct && !isTextType(site.type)) {
    throw site.mistake(
      `values of faker's ${method} may repeat, and the column wants each once`,
      "choose another generator",
    );
  }
  const second = mixKeys(site.key, 1);
  return {
    write(row, out) {
      library.seed([drawBits(site.key, row), drawBits(second, row)]);
      library.setDefaultRefDate(new Date(site.nowMs));
      const value = call(...values);
      if (value === null || value === undefined) return appendNull(out);
      appendText(out, site.distinct ? withRow(showValue(value), row) : showValue(value));
    },
  };
}

export const FAKER: GeneratorDefinition = defineGenerator({
  name: "faker",
  about: "any method of faker by its name: {faker: internet.emoji}, or {faker: {method: …, arguments: […]}}",
  options: v.strictObject({
    method: v.pipe(v.string(), v.regex(FAKER_METHOD, "must be a method's name, such as internet.emoji")),
    arguments: v.optional(v.array(v.unknown()), []),
  }),
  shorthand: "method",
  compile: (options, site) => compileMethod(options.method, options.arguments, site),
});

/** The generator of one method, under the method's name. */
export function defineFakerMethod(method: string): GeneratorDefinition {
  return defineGenerator({
    name: method,
    about: `faker's ${method}`,
    options: v.strictObject({ arguments: v.optional(v.array(v.unknown()), []) }),
    shorthand: "arguments",
    compile: (options, site) => compileMethod(method, options.arguments, site),
  });
}
