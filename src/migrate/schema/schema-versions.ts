/**
 * The end of a schema file: the migrations that the schema holds, as SQL that fills the table in which the other tool
 * remembers them. One a line and each line alike, so that two branches that add one merge, or conflict in one place.
 */
import type { Layout } from "../../config/schema-migrations.ts";

export interface HeldMigration {
  version: bigint;
  /** The version as the file's name writes it. */
  digits: string;
  name: string;
  /** Of the up script that was run, where that is known. */
  checksum?: string | null;
}

/** The table that is filled: which tool's, and its quoted, qualified name. */
export interface CompanionTable {
  kind: Layout;
  table: string;
}

const MARK = "-- The migrations that this schema holds, which `pgrove migrate up --from-schema` reads:";
const LINE = /^ {4}\('?(\d+)'?(?:, '[0-9a-f]*')?\),(?: -- (.*))?$/gm;

interface Form {
  insert: string;
  row(held: HeldMigration): string;
  last: string;
  end: string;
  /** What the rows hold beside the version. */
  columns?: string;
}

/** How the rows of each tool's table are written; the last, empty one lets every line before it end alike. */
const FORMS: Record<Layout, Form> = {
  "golang-migrate": {
    insert: "(version, dirty)\nSELECT max(version), false",
    row: ({ version }) => String(version),
    last: "NULL::bigint",
    end: "HAVING max(version) IS NOT NULL",
  },
  dbmate: {
    insert: "(version)\nSELECT version",
    row: ({ digits }) => `'${digits}'`,
    last: "NULL::text",
    end: "WHERE version IS NOT NULL",
  },
  goose: {
    insert: "(version_id, is_applied)\nSELECT version, true",
    row: ({ version }) => String(version),
    last: "0", // the row that goose begins with
    end: "ORDER BY version",
  },
  diesel: {
    insert: "(version)\nSELECT version",
    row: ({ digits }) => `'${digits}'`,
    last: "NULL::text",
    end: "WHERE version IS NOT NULL",
  },
  sqlx: {
    insert:
      "(version, description, success, checksum, execution_time)\nSELECT version, '', true, decode(checksum, 'hex'), 0",
    row: ({ version, checksum }) => `${version}, '${checksum ?? ""}'`,
    last: "NULL::bigint, ''",
    end: "WHERE version IS NOT NULL",
    columns: ", checksum",
  },
};

/** The SQL behind the schema. */
export function formatVersions({ kind, table }: CompanionTable, held: readonly HeldMigration[]): string {
  const { insert, row, last, end, columns = "" } = FORMS[kind];
  const rows = held.map((each) => {
    const name = each.name.replace(/\p{Cc}/gu, "?");
    return `    (${row(each)}),${name === "" ? "" : ` -- ${name}`}`;
  });
  const list = [...rows, `    (${last})`].join("\n");
  return `\n\n${MARK}\n\nINSERT INTO ${table} ${insert} FROM (VALUES\n${list}\n) AS migration (version${columns})\n${end};\n`;
}

/** The migrations that a schema file says it holds; undefined when it does not say. */
export function parseVersions(text: string): { version: bigint; name: string }[] | undefined {
  const begin = text.lastIndexOf(`\n${MARK}\n`);
  if (begin < 0) return undefined;
  const lines = text.slice(begin).matchAll(LINE);
  return [...lines].map(([, digits = "", name = ""]) => ({ version: BigInt(digits), name }));
}
