/**
 * What a service's container is built from and finds in it that lies beside the compose files: Dockerfiles with what they
 * copy, env files, and what is mounted, as the scripts of docker-entrypoint-initdb.d are. It acts when the container is
 * started.
 */
import { dirname, isAbsolute, join, resolve } from "node:path";
import { isInside, pathExists, readTextIfExists } from "../sys/files.ts";
import { objectAt, stringAt } from "../sys/untyped.ts";
import { listInclusions, readDocuments, readingsOf, stringsOf } from "./compose-parts.ts";
import type { Variables } from "./compose-project.ts";
import { listImageSources } from "./image-sources.ts";

/**
 * The files and folders, each once, of what is started for the service, as far as they are there and lie within the
 * root. `parts` are the compose files, the project's first one first; `variables` those that compose puts in.
 */
export async function listComposeInputs(
  parts: readonly string[],
  service: string,
  root: string,
  variables: Variables = {},
): Promise<string[]> {
  const [first] = parts;
  if (first === undefined) return [];
  const texts = await Promise.all(parts.map((file) => readTextIfExists(file).catch(() => undefined)));
  const included = await listInclusions(parts, variables);
  // Of several files the first one's folder counts, of an included or extended one its own, or the one that is named.
  const shared = [dirname(first), ...included.map(({ folder }) => folder)];
  const places = parts.flatMap((file, at) =>
    readDocuments(texts[at] ?? "").flatMap((content) =>
      [...new Set([dirname(file), ...shared])].map((base): Placed => ({ base, content })),
    ),
  );
  const contents = places.map(({ content }) => content);
  const started = startedFor(service, contents);
  const read: Reader = (path, from) => readingsOf(path, variables).map((each) => resolve(from, each));
  const families = [...started].map((name) => placedBuilds(places, extendedBy(name, contents)));
  const built = await Promise.all(families.map((builds) => builtFrom(builds, read)));
  const named = places.flatMap(({ base, content }) => {
    const mounts = servicesOf(content, started).flatMap((each) => mounted(each, variables));
    return [...pathsIn(content, started), ...mounts].flatMap((path) => read(path, base));
  });
  const found = new Set<string>();
  for (const place of [...built.flat(), ...named]) {
    if ((await pathExists(place)) && (await isInside(root, place))) found.add(place);
  }
  return [...found];
}

/** What a compose file says, and a folder that its paths may begin in. */
interface Placed {
  base: string;
  content: unknown;
}

/** The service, what it depends on, and what these extend: a name may stand for several services, and all of them count. */
function startedFor(service: string, contents: readonly unknown[]): ReadonlySet<string> {
  return reachedFrom(service, contents, (found) => [
    ...[...namesIn(objectAt(found, "depends_on")), ...namesIn(objectAt(found, "links")).map(beforeColon)],
    ...[...namesIn(objectAt(found, "volumes_from")).map(beforeColon), ...sharedWith(found), ...extendedIn(found)],
  ]);
}

/** The service, and those whose keys are also its own. */
function extendedBy(service: string, contents: readonly unknown[]): ReadonlySet<string> {
  return reachedFrom(service, contents, extendedIn);
}

function extendedIn(service: unknown): string[] {
  const extended = objectAt(service, "extends");
  return typeof extended === "string" ? [extended] : stringsOf(objectAt(extended, "service"));
}

function reachedFrom(
  service: string,
  contents: readonly unknown[],
  next: (service: unknown) => readonly string[],
): ReadonlySet<string> {
  const reached = new Set<string>();
  const left = [service];
  for (let name = left.pop(); name !== undefined; name = left.pop()) {
    if (reached.has(name)) continue;
    reached.add(name);
    for (const content of contents) left.push(...next(objectAt(objectAt(content, "services"), name)));
  }
  return reached;
}

/** `network_mode: service:vpn`: compose starts that one before. */
function sharedWith(service: unknown): string[] {
  const modes = stringsOf(...["network_mode", "ipc", "pid"].map((key) => objectAt(service, key)));
  return modes.flatMap((mode) => (mode.startsWith("service:") ? [mode.slice("service:".length)] : []));
}

const beforeColon = (text: string) => text.split(":")[0] ?? "";

/** A list's words, or an object's keys. */
function namesIn(value: unknown): string[] {
  return Array.isArray(value) ? stringsOf(...value) : Object.keys(Object(value));
}

/** As they are written. */
function pathsIn(content: unknown, started: ReadonlySet<string>): string[] {
  const shared = ["configs", "secrets"].flatMap((key) => Object.values(Object(objectAt(content, key))));
  const volumes = Object.values(Object(objectAt(content, "volumes"))); // one may be a folder by another name
  return [
    ...servicesOf(content, started).flatMap(envFiles),
    ...shared.flatMap((each) => stringsOf(objectAt(each, "file"))),
    ...volumes.flatMap((each) => stringsOf(objectAt(objectAt(each, "driver_opts"), "device"))),
  ];
}

function servicesOf(content: unknown, started: ReadonlySet<string>): unknown[] {
  const services = Object.entries(Object(objectAt(content, "services"))).filter(([name]) => started.has(name));
  return services.map(([, each]: [string, unknown]) => each);
}

/** The places that a path may stand for, seen from a folder. */
type Reader = (path: string, from: string) => string[];

/** How a service is built, as each file says its part of it. */
function placedBuilds(places: readonly Placed[], family: ReadonlySet<string>): Placed[] {
  return places.flatMap(({ base, content }) =>
    servicesOf(content, family).flatMap((each) => {
      const build: unknown = objectAt(each, "build");
      return build === undefined ? [] : [{ base, content: build }];
    }),
  );
}

/** The Dockerfile, and what it takes from its contexts: of several files one may name the one and another the other. */
async function builtFrom(builds: readonly Placed[], read: Reader): Promise<string[]> {
  const contexts = builds.flatMap(({ base, content }) =>
    read(typeof content === "string" ? content : (stringAt(content, "context") ?? "."), base),
  );
  const names = builds.map(({ content }) => stringAt(content, "dockerfile") ?? "Dockerfile");
  const inline = builds.flatMap(({ content }) => stringAt(content, "dockerfile_inline") ?? []);
  const found = [...new Set(contexts)].map(async (context) => {
    const files = [...new Set(names)].flatMap((name) => read(name, context));
    const texts = [...inline, ...(await Promise.all(files.map(readDockerfile)))];
    return [...files, ...texts.flatMap(listImageSources).map((source) => join(context, source))];
  });
  const further = builds.flatMap(({ base, content }) =>
    stringsOf(...Object.values(Object(objectAt(content, "additional_contexts")))).flatMap((path) => read(path, base)),
  );
  return [...(await Promise.all(found)).flat(), ...further];
}

async function readDockerfile(file: string): Promise<string> {
  return (await readTextIfExists(file).catch(() => undefined)) ?? "";
}

/** `./init:/docker-entrypoint-initdb.d:ro`, or the same at length. What begins otherwise is a volume's name. */
function mounted(service: unknown, variables: Variables): string[] {
  const volumes: unknown = objectAt(service, "volumes");
  return (Array.isArray(volumes) ? volumes : []).flatMap((each: unknown) => {
    if (typeof each !== "string") return stringAt(each, "type") === "bind" ? stringsOf(objectAt(each, "source")) : [];
    const sources = readingsOf(each, variables).map((text) => text.split(":")[0] ?? "");
    return sources.filter((source) => source.startsWith(".") || isAbsolute(source));
  });
}

function envFiles(service: unknown): string[] {
  const written: unknown = objectAt(service, "env_file");
  const all: unknown[] = Array.isArray(written) ? written : [written];
  return all.flatMap((each) => (typeof each === "string" ? [each] : stringsOf(objectAt(each, "path"))));
}
