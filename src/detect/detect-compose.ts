/** Finds PostgreSQL among the services of compose files, without docker. */
import type { ComposeText } from "./compose-text.ts";
import { asMapping, asText, type Mapping, readVariables } from "./compose-values.ts";

/** A compose service that looks like PostgreSQL. */
export interface DetectedService {
  /** The compose file, relative to the repository's root. */
  file: string;
  /** The files that a script of the repository names, where it names some; `file` is the first. */
  files?: readonly string[];
  /** The project's name that the script gives. */
  composeProject?: string;
  /** The env files that the script gives, where they are not what compose finds by itself. */
  composeEnvFiles?: readonly string[];
  /** COMPOSE_FILE of the repository's env file leads to it. */
  isMeant?: true;
  service: string;
  image: string | undefined;
  /** `container_name`, where it is given. */
  container: string | undefined;
  /** The services that say they depend on it, without those that do one thing and end. */
  dependents: readonly string[];
  /** The database that its image makes, where the file says it in plain words. */
  database?: string;
  /** The ports that it has on this machine, where the file says them in plain words. */
  ports?: readonly number[];
  /** Only a profile starts it. */
  isOptional?: boolean;
}

export interface DetectedCompose {
  /** The compose project's name, where the files give one. */
  name: string | undefined;
  services: readonly DetectedService[];
}

const POSTGRES_IMAGE =
  /^(postgres|postgresql|postgres-full|postgis|timescaledb|timescaledb-ha|pgvector|pgvecto-rs|citus|paradedb|spilo(-\d+)?|alloydbomni)$/;

/** The PostgreSQL services of a project. */
export function findServices({ file, name, services }: ComposeText): DetectedCompose {
  const found = Object.entries(services).flatMap(([service, written]): DetectedService[] => {
    if (!isPostgres(written)) return [];
    const database = databaseOf(written.environment);
    const ports = publishedPorts(written.ports);
    return [
      {
        ...{ file, service, image: asText(written.image), container: asText(written.container_name) },
        ...(database === undefined ? {} : { database }),
        ...(ports.length === 0 ? {} : { ports }),
        ...(Array.isArray(written.profiles) && written.profiles.length > 0 ? { isOptional: true } : {}),
        dependents: Object.keys(services).filter(
          (other) => listDependencies(services[other]).includes(service) && !isJob(other, services),
        ),
      },
    ];
  });
  return { name, services: found };
}

/** What the official image, and bitnami's, make of their variables. */
function databaseOf(environment: unknown): string | undefined {
  const written = readVariables(environment);
  const named = ["POSTGRES_DB", "POSTGRESQL_DATABASE", "POSTGRES_USER", "POSTGRESQL_USERNAME"]
    .map((name) => written[name])
    .find((value) => value !== undefined && value !== "");
  const plain = named === undefined ? "" : defaultsOf(named);
  return plain === "" || plain.includes("$") ? undefined : plain;
}

/** `5433` of "5433:5432", "127.0.0.1:5433:5432" and {published: 5433}; the default of `${PORT:-5433}` counts. */
function publishedPorts(ports: unknown): number[] {
  if (!Array.isArray(ports)) return [];
  const written = ports.map(
    (each: unknown) =>
      asMapping(each)?.published ??
      String(each)
        .split(/:(?!-)/)
        .at(-2),
  );
  return written.map((each) => Number(defaultsOf(String(each)))).filter((port) => port > 0);
}

const JOB = /(^|[-_])(migrat(e|ions?|or)|seed(er|s)?|init|setup|bootstrap|backup|tests?)([-_]|$)/i;

/** Whether a service does one thing and ends: others wait for its end, it is not to be started again, or its name says so. */
function isJob(name: string, services: Readonly<Record<string, Mapping>>): boolean {
  const conditions = Object.values(services).map((each) => asMapping(asMapping(each.depends_on)?.[name])?.condition);
  const restart = services[name]?.restart;
  return (
    conditions.includes("service_completed_successfully") || restart === "no" || restart === false || JOB.test(name)
  );
}

/** Known images; else a service that is set up like the official image and listens, or stores, where PostgreSQL does. */
function isPostgres(service: Mapping): boolean {
  const image = asText(service.image);
  if (image !== undefined && POSTGRES_IMAGE.test(imageName(image))) return true;
  const variables = readVariables(service.environment);
  if (!("POSTGRES_PASSWORD" in variables) && !("POSTGRES_HOST_AUTH_METHOD" in variables)) return false;
  const places = JSON.stringify([service.ports, service.expose, service.volumes]);
  return /(^|[^\d.])5432\b|\/var\/lib\/postgresql/.test(places);
}

/** `postgis` of `docker.io/postgis/postgis:17-3.5@sha256:…`; the default of `${IMAGE:-postgres:17}` counts. */
function imageName(image: string): string {
  const withoutDigest = defaultsOf(image).split("@")[0] ?? "";
  return (withoutDigest.split("/").at(-1) ?? "").replace(/:.*$/, "").toLowerCase();
}

function defaultsOf(text: string): string {
  return text.replace(/\$\{\w+:?-([^}]*)\}/g, "$1");
}

/** `depends_on` is a list of names, or a mapping from them. */
function listDependencies(service: Mapping | undefined): string[] {
  const dependencies = service?.depends_on;
  if (Array.isArray(dependencies)) return dependencies.map(String);
  return Object.keys(asMapping(dependencies) ?? {});
}
