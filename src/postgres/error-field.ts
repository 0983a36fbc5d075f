import { stringAt } from "../sys/untyped.ts";

/**
 * A field of an error that PostgreSQL has sent, as postgres.js names them: "detail", "where", "position". Undefined when
 * the error has none. https://www.postgresql.org/docs/current/protocol-error-fields.html
 */
export function errorField(error: unknown, name: string): string | undefined {
  return stringAt(error, name) || undefined;
}
