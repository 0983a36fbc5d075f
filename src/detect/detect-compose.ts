/** Finds PostgreSQL among the services of compose files, without docker. */
import { asMapping, asText, type ComposeText, listVariables, type Mapping } from "./compose-text.ts";

/** A compose service that looks like PostgreSQL. */
export interface DetectedService {
  /** The compose file, relative to the repository's root. */
  file: string;
  /** The files that a script of the repository names, where it names some; `file` is the first. */
  files?: readonly string[];
  /** The project's name that the script gives. */
  composeProject?: string;
  service: string;
  image: string | undefined;
  /** `container_name`, where it is given. */
  container: string | undefined;
  /** The services that say they depend on it, without those that do one thing and end. */
  dependents: readonly string[];
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
    return [
      {
        ...{ file, service, image: asText(written.image), container: asText(written.container_name) },
        dependents: Object.keys(services).filter(
          (other) => listDependencies(services[other]).includes(service) && !isJob(other, services),
        ),
      },
    ];
  });
  return { name, services: found };
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

/** `depends_on` is a list of names, or a mapping from them. */
function listDependencies(service: Mapping | undefined): string[] {
  const dependencies = service?.depends_on;
  if (Array.isArray(dependencies)) return dependencies.map(String);
  return Object.keys(asMapping(dependencies) ?? {});
}
