/** Whether a worktree's env file names the worktree's own database: a copied one may still name main's. */
import { readEnvFile } from "../config/env-file.ts";
import { type LoadedConfig, pathInWorktree } from "../config/load-config.ts";
import { type Connection, isUrl, parseConnectionUrl } from "../postgres/url.ts";
import { renderVariables } from "../resolve/env-lines.ts";
import { whereaboutsOf } from "../resolve/reach.ts";
import type { Target } from "../resolve/target.ts";
import { pathExists } from "../sys/files.ts";

export interface EnvCheck {
  /** Absolute. */
  file: string;
  /** The variables that name another database, and which one: "DATABASE_URL names app on 127.0.0.1:5432". */
  wrong: string[];
}

/**
 * Compares the env file in the worktree's folder with what it is to say; undefined without such a file. Throws (exit 3)
 * when it cannot be read.
 */
export async function checkEnvFile(
  target: Target,
  root: string,
  connection: Connection,
  loaded: LoadedConfig,
): Promise<EnvCheck | undefined> {
  const file = pathInWorktree(loaded, loaded.config.env.file, root);
  if (!(await pathExists(file))) return undefined;
  const actual = await readEnvFile(file);
  const { variables: expected } = renderVariables(
    whereaboutsOf(connection),
    { target, branch: target.worktree?.branch },
    loaded,
  );
  const wrong = Object.entries(expected).flatMap(([name, value]) => {
    const other = actual[name];
    if (other === undefined || !isUrl(value) || !isUrl(other)) return [];
    return describeOther(name, parseConnectionUrl(value), parseConnectionUrl(other));
  });
  return { file, wrong };
}

/** Host names are not compared: localhost is 127.0.0.1, and a container has further ones. */
function describeOther(name: string, expected: Connection, other: Connection): string[] {
  const sameSchema = (expected.parameters.options ?? "") === (other.parameters.options ?? "");
  if (expected.database === other.database && expected.port === other.port && sameSchema) return [];
  const schema = sameSchema ? "" : ", another schema of it";
  return [`${name} names ${other.database} on ${other.host}:${other.port}${schema}`];
}
