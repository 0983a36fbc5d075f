/** Values of a compose file as the YAML parser gives them. */

export type Mapping = Readonly<Record<string, unknown>>;

/** `environment`, a mapping or a list of NAME=value; what has no value there is empty. */
export function readVariables(environment: unknown): Record<string, string> {
  const pairs = Array.isArray(environment)
    ? environment.map((each) => /^([^=]*)=?(.*)$/s.exec(String(each))?.slice(1) ?? [])
    : Object.entries(asMapping(environment) ?? {});
  return Object.fromEntries(pairs.map(([name, value]) => [name, String(value ?? "")]));
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function asMapping(value: unknown): Mapping | undefined {
  return isMapping(value) ? value : undefined;
}

export function asText(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
