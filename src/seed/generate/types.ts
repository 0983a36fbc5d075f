/** Types seen through domains. */
import type { TypeShape } from "../entity.ts";

/** What a domain stands on, with the domain's own length where it has one; other types as they are. */
export function plainType(type: TypeShape): TypeShape {
  if (type.kind !== "domain" || type.of === undefined) return type;
  const base = plainType(type.of);
  const length = type.length ?? base.length;
  return length === undefined ? base : { ...base, length };
}
