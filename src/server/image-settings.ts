/** How the images in use are told their login, their database and their port. No spawns here. */

type Variables = Readonly<Record<string, string | undefined>>;

/** What an image makes of its variables. */
export interface ImageLogin {
  user: string;
  /** That user's. */
  password: string | undefined;
  database: string;
}

interface Family {
  /** Fits the image's name without its registry and tag. */
  image: RegExp;
  user: readonly string[];
  password: readonly string[];
  database: readonly string[];
  /** Without variables; the database is else called like the user. */
  usual: { user: string; database?: string };
}

const OFFICIAL: Family = {
  image: /^$/,
  user: ["POSTGRES_USER"],
  password: ["POSTGRES_PASSWORD"],
  database: ["POSTGRES_DB"],
  usual: { user: "postgres" },
};

/** Bitnami's and Red Hat's. */
const POSTGRESQL: Family = {
  image: /(?:^|\/)(?:bitnami\w*|sclorg|rhel\d+|ubi\d+)\//,
  user: ["POSTGRESQL_USERNAME", "POSTGRESQL_USER", ...OFFICIAL.user],
  password: ["POSTGRESQL_PASSWORD", ...OFFICIAL.password],
  database: ["POSTGRESQL_DATABASE", ...OFFICIAL.database],
  usual: { user: "postgres", database: "postgres" },
};

const KARTOZA: Family = {
  image: /(?:^|\/)kartoza\//,
  user: OFFICIAL.user,
  password: ["POSTGRES_PASS"],
  database: ["POSTGRES_DBNAME"],
  usual: { user: "docker", database: "gis" },
};

const CRUNCHY: Family = {
  image: /(?:^|\/)crunchydata\//,
  user: ["PG_USER"],
  password: ["PG_PASSWORD"],
  database: ["PG_DATABASE"],
  usual: { user: "postgres", database: "postgres" },
};

const OTHERS = [POSTGRESQL, KARTOZA, CRUNCHY];

/** Its own name decides; a copy under another name is known by a variable that only its kind has. */
function familyOf(image: string, variables: Variables): Family {
  const named = OTHERS.find((family) => family.image.test(image));
  if (named !== undefined) return named;
  const has = (names: readonly string[]) => names.some((name) => variables[name]);
  if (has([...OFFICIAL.user, ...OFFICIAL.password, ...OFFICIAL.database])) {
    return has(KARTOZA.password) || has(KARTOZA.database) ? { ...KARTOZA, usual: OFFICIAL.usual } : OFFICIAL;
  }
  return OTHERS.find((family) => has([...family.password, ...family.database])) ?? OFFICIAL;
}

/** The login that the image makes when it is started the first time. */
export function readImageLogin(image: string, variables: Variables): ImageLogin {
  const family = familyOf(image, variables);
  const first = (names: readonly string[]) => names.map((name) => variables[name]).find((value) => value);
  const user = first(family.user) ?? family.usual.user;
  // Kartoza's takes several, joined by commas.
  const database = first(family.database)?.split(",")[0]?.trim() || (family.usual.database ?? user);
  return { user, password: first(family.password), database };
}

/** The variables above, each also as the name of a file that holds the value: the files by the variable's name. */
export function listSecretFiles(variables: Variables): Record<string, string> {
  const names = [OFFICIAL, ...OTHERS].flatMap((family) => [...family.user, ...family.password, ...family.database]);
  const files = [...new Set(names)].map((name) => [name, variables[`${name}_FILE`] ?? ""] as const);
  return Object.fromEntries(files.filter(([name, file]) => file !== "" && !variables[name]));
}

const USUAL_PORT = 5432;

/**
 * The port that the server listens on inside: what its command line says, else PGPORT, which PostgreSQL itself honours, or
 * the image's own variable.
 */
export function portInside(variables: Variables, words: readonly string[]): number {
  const tokens = words.flatMap((word) => word.trim().split(/\s+/));
  const written = tokens.flatMap((token, index) => portOfOption(token, tokens[index + 1] ?? ""));
  const own = ["PGPORT", "POSTGRESQL_PORT_NUMBER", "PG_PRIMARY_PORT"].map((name) => variables[name]);
  return [written.at(-1), ...own].map(asPort).find((port) => port !== undefined) ?? USUAL_PORT;
}

/** `-p N`, `-pN`, `--port=N`, `-c port=N`, `-cport=N`. */
function portOfOption(token: string, next: string): string[] {
  const joined = /^(?:-p|--port=|-c?port=)(\d+)$/.exec(token)?.[1];
  if (joined !== undefined) return [joined];
  const apart = token === "-p" ? /^(\d+)$/ : token === "-c" ? /^port=(\d+)$/ : undefined;
  return [apart?.exec(next)?.[1] ?? []].flat();
}

function asPort(text: string | undefined): number | undefined {
  const port = Number(text);
  return Number.isInteger(port) && port > 0 && port <= 65_535 ? port : undefined;
}
