/** A table's name as pgrove.yaml writes it. */
import { configError } from "../../errors.ts";

export interface TableName {
  schema?: string | undefined;
  name: string;
}

const PART = `"(?:[^"]|"")+"|[^".]+`;
const FORM = new RegExp(`^(?:(${PART})\\.)?(${PART})$`);

/**
 * `name`, `schema.name`, or either in double quotes where it holds a dot. Letters keep their case, as they do in
 * golang-migrate and dbmate. Throws (exit 3) for what is neither.
 */
export function parseTableName(written: string): TableName {
  const [, schema, name] = FORM.exec(written) ?? [];
  if (name === undefined) {
    throw configError(
      `migrations.table is no table's name: ${written}`,
      'write name or schema.name; with a dot inside of a name: "odd.name"',
    );
  }
  return { name: unquote(name), schema: schema && unquote(schema) };
}

function unquote(part: string): string {
  return part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part;
}
