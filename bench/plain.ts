/** What people type today, as shell lines for the host: what pgrove is measured against. */
import { DATABASE, type Setting } from "./setting.ts";

type Where = Pick<Setting, "exec" | "server">;

/** A program inside the container, fed from the host. */
export function execWithInput({ server }: Pick<Where, "server">): string {
  return `docker exec -i ${server.container}`;
}

/** `pg_dump | gzip` into a file of the host. */
export function dumpToGzip({ exec, server }: Where, file: string): string {
  return `${exec} pg_dump -U ${server.user} ${DATABASE} | gzip > ${file}`;
}

/** That file into an empty database, which then has statistics, as everything has that pgrove loads. */
export function loadFromGzip(where: Where, file: string, database: string): string {
  const { user } = where.server;
  return `gzip -dc ${file} | ${execWithInput(where)} psql -qU ${user} ${database} && ${analyze(where, database)}`;
}

/** The database copied through a file of the host. */
export function copyThroughFile(where: Where, file: string, database: string): string {
  const lines = [dumpToGzip(where, file), createDatabase(where, database), loadFromGzip(where, file, database)];
  return lines.join(" && ");
}

/** The database copied by a pipe that does not leave the container. */
export function copyThroughPipe(where: Where, database: string): string {
  const { user } = where.server;
  const pipe = `pg_dump -U ${user} ${DATABASE} | psql -qU ${user} ${database}`;
  const lines = [
    createDatabase(where, database),
    `${where.exec} bash -o pipefail -c '${pipe}'`,
    analyze(where, database),
  ];
  return lines.join(" && ");
}

/** The database copied by PostgreSQL itself, in the way that is fastest for a big one. */
export function copyAsTemplate(where: Where, database: string): string {
  return `${createDatabase(where, database)} --template=${DATABASE} --strategy=file_copy`;
}

export function createDatabase({ exec, server }: Where, database: string): string {
  return `${exec} createdb -U ${server.user} ${database}`;
}

export function dropDatabase({ exec, server }: Where, database: string): string {
  return `${exec} dropdb -U ${server.user} ${database}`;
}

export function analyze({ exec, server }: Where, database: string): string {
  return `${exec} psql -qU ${server.user} -c ANALYZE ${database}`;
}
