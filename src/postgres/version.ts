/** A PostgreSQL version: 17.2 is {major: 17, minor: 2}. */
export interface Version {
  major: number;
  minor: number;
}

/** Reads "17.2 (Debian 17.2-1)", "pg_dump (PostgreSQL) 15.18", "18beta1"; undefined when there is no number. */
export function parseVersion(text: string): Version | undefined {
  const match = /(\d+)(?:\.(\d+))?/.exec(text);
  if (match === null) return undefined;
  return { major: Number(match[1]), minor: Number(match[2] ?? 0) };
}

/** Reads server_version_num: 170002 is 17.2. */
export function versionOfNumber(number: number): Version {
  return { major: Math.floor(number / 10_000), minor: number % 10_000 };
}

export function formatVersion({ major, minor }: Version): string {
  return `${major}.${minor}`;
}
