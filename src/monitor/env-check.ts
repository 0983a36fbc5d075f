/** Whether a worktree's env file names the worktree's own database: a copied one may still name main's. */
import { relative } from "node:path";
import { readEnvFile } from "../config/env-file.ts";
import { type LoadedConfig, pathInWorktree } from "../config/load-config.ts";
import { type Connection, isUrl, parseConnectionUrl } from "../postgres/url.ts";
import { renderVariables } from "../resolve/env-lines.ts";
import { whereaboutsOf } from "../resolve/reach.ts";
import { findStrayFiles, type StrayFile, type Ways } from "../resolve/stray-variables.ts";
import type { Target } from "../resolve/target.ts";
import { pathExists } from "../sys/files.ts";

export interface EnvCheck {
  /** Absolute. */
  file: string;
  /** The variables that name another database, and which one: "DATABASE_URL names app on 127.0.0.1:5432". */
  wrong: string[];
  /** No port of this machine leads there: {url}, {host} and {port} say nothing. */
  isHidden: boolean;
  /** Where else main's database is named: "NEXT_DATABASE_URL in apps/web/.env". */
  strays: string[];
}

/**
 * Compares the env file in the worktree's folder with what it is to say, and all of its env files with main's database;
 * undefined where there is nothing to compare. Throws (exit 3) when the first one cannot be read.
 */
export async function checkEnvFile(
  target: Target,
  root: string,
  connection: Connection | undefined,
  loaded: LoadedConfig,
  ways?: Ways,
): Promise<EnvCheck | undefined> {
  const file = pathInWorktree(loaded, loaded.config.env.file, root);
  const isThere = connection !== undefined && (await pathExists(file));
  const wrong = isThere ? await findWrong(file, target, connection, loaded) : undefined;
  const strays = ways === undefined ? [] : await findStrayFiles(root, ways, loaded);
  if (wrong === undefined && strays.length === 0) return undefined;
  const known = new Set(wrong?.map(({ name }) => name));
  const others = strays.map((each) => ({
    ...each,
    variables: each.variables.filter(({ name }) => each.file !== file || !known.has(name)),
  }));
  return {
    file,
    isHidden: connection === undefined,
    wrong: wrong?.map(({ what }) => what) ?? [],
    strays: describeStrays(others, root),
  };
}

/** "NEXT_DATABASE_URL in apps/web/.env", "SPRING_DATASOURCE_URL (spring.datasource.url) in application.yml". */
export function describeStrays(strays: readonly StrayFile[], root: string): string[] {
  return strays.flatMap(({ file, variables }) =>
    variables.map(({ name, key }) => `${name}${key === undefined ? "" : ` (${key})`} in ${relative(root, file)}`),
  );
}

async function findWrong(
  file: string,
  target: Target,
  connection: Connection,
  loaded: LoadedConfig,
): Promise<{ name: string; what: string }[]> {
  const actual = await readEnvFile(file);
  const known = { target, branch: target.worktree?.branch };
  const { variables: expected } = renderVariables(whereaboutsOf(connection), known, loaded);
  return Object.entries(expected).flatMap(([name, value]) => {
    const other = actual[name];
    if (other === undefined || !isUrl(value) || !isUrl(other)) return [];
    const what = describeOther(name, parseConnectionUrl(value), parseConnectionUrl(other));
    return what.map((each) => ({ name, what: each }));
  });
}

/** Host names are not compared: localhost is 127.0.0.1, and a container has further ones. */
function describeOther(name: string, expected: Connection, other: Connection): string[] {
  const sameSchema = (expected.parameters.options ?? "") === (other.parameters.options ?? "");
  if (expected.database === other.database && expected.port === other.port && sameSchema) return [];
  const schema = sameSchema ? "" : ", another schema of it";
  return [`${name} names ${other.database} on ${other.host}:${other.port}${schema}`];
}
