/** Finds PostgreSQL among the services of a compose file, without docker. */
import { join } from "node:path";
import { loadTextFile } from "../config/text-file.ts";

/** A compose service that looks like PostgreSQL. */
export interface DetectedService {
  /** The compose file, relative to the repository's root. */
  file: string;
  service: string;
  image: string | undefined;
  /** `container_name`, where it is given. */
  container: string | undefined;
  /** The services that say they depend on it. */
  dependents: readonly string[];
}

export interface DetectedCompose {
  /** The compose project's name, where the file gives one. */
  name: string | undefined;
  services: readonly DetectedService[];
}

const POSTGRES_IMAGE =
  /^(postgres|postgresql|postgres-full|postgis|timescaledb|timescaledb-ha|pgvector|pgvecto-rs|citus|paradedb|spilo(-\d+)?|alloydbomni)$/;
const MAX_ALIASES = 100;

type Mapping = Readonly<Record<string, unknown>>;

/** The PostgreSQL services of a compose file; undefined when it cannot be read as one. */
export async function readComposeFile(root: string, file: string): Promise<DetectedCompose | undefined> {
  const written = await parseCompose(join(root, file));
  const services = asMapping(written?.services);
  if (written === undefined || services === undefined) return undefined;
  const found = Object.entries(services).flatMap(([name, written]): DetectedService[] => {
    const service = asMapping(written);
    if (service === undefined || !isPostgres(service)) return [];
    return [
      {
        file,
        service: name,
        image: asText(service.image),
        container: asText(service.container_name),
        dependents: Object.keys(services).filter((other) =>
          listDependencies(asMapping(services[other])).includes(name),
        ),
      },
    ];
  });
  return { name: asText(written.name), services: found };
}

async function parseCompose(path: string): Promise<Mapping | undefined> {
  try {
    const text = await loadTextFile(path, "the compose file");
    const { parse } = await import("yaml");
    // compose's own tags (!reset, !override) are no mistake here
    return asMapping(parse(text, { merge: true, maxAliasCount: MAX_ALIASES, logLevel: "silent" }));
  } catch {
    return undefined;
  }
}

/** Known images; else a service that is set up like the official image and listens, or stores, where PostgreSQL does. */
function isPostgres(service: Mapping): boolean {
  const image = asText(service.image);
  if (image !== undefined && POSTGRES_IMAGE.test(imageName(image))) return true;
  const variables = listVariables(service.environment);
  if (!variables.includes("POSTGRES_PASSWORD") && !variables.includes("POSTGRES_HOST_AUTH_METHOD")) return false;
  const places = JSON.stringify([service.ports, service.expose, service.volumes]);
  return /(^|[^\d.])5432\b|\/var\/lib\/postgresql/.test(places);
}

/** `postgis` of `docker.io/postgis/postgis:17-3.5@sha256:…`; the default of `${IMAGE:-postgres:17}` counts. */
function imageName(image: string): string {
  const chosen = image.replace(/\$\{\w+:?-([^}]*)\}/g, "$1");
  const withoutDigest = chosen.split("@")[0] ?? "";
  return (withoutDigest.split("/").at(-1) ?? "").replace(/:.*$/, "").toLowerCase();
}

/** `environment` is a mapping, or a list of NAME=value. */
function listVariables(environment: unknown): string[] {
  if (Array.isArray(environment)) return environment.map((each) => String(each).split("=")[0] ?? "");
  return Object.keys(asMapping(environment) ?? {});
}

/** `depends_on` is a list of names, or a mapping from them. */
function listDependencies(service: Mapping | undefined): string[] {
  const dependencies = service?.depends_on;
  if (Array.isArray(dependencies)) return dependencies.map(String);
  return Object.keys(asMapping(dependencies) ?? {});
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function asMapping(value: unknown): Mapping | undefined {
  return isMapping(value) ? value : undefined;
}

function asText(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
