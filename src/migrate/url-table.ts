/** The table that a URL names for golang-migrate: `x-migrations-table`, which its own program and library read there. */
import { quoteIdentifier } from "../postgres/identifier.ts";
import type { Target } from "../resolve/target.ts";

/** It in the words of `migrations.table`; undefined where the target's URL names none. */
export function tableOfUrl({ server, programs }: Pick<Target, "server" | "programs">): string | undefined {
  const extras = (server.kind === "url" ? server.connection.extras : programs?.extras) ?? {};
  const written = extras["x-migrations-table"];
  if (written === undefined || written === "") return undefined;
  const isQuoted = /^(1|t|true)$/i.test(extras["x-migrations-table-quoted"] ?? "");
  return isQuoted ? written : quoteIdentifier(written);
}
