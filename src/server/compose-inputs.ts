/**
 * What a service's container is built from and finds in it that lies beside the compose files: Dockerfiles with what they
 * copy, env files, and what is mounted, as the scripts of docker-entrypoint-initdb.d are. It acts when the container is
 * started.
 */
import { dirname, isAbsolute, join, resolve } from "node:path";
import { parse } from "yaml";
import { isInside, pathExists, readTextIfExists } from "../sys/files.ts";
import { objectAt, stringAt } from "../sys/untyped.ts";
import { readingsOf } from "./compose-parts.ts";
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
  const files = await Promise.all(
    parts.map(async (file) => ({ folder: dirname(file), content: await readYaml(file) })),
  );
  const [first] = files;
  if (first === undefined) return [];
  const started = startedFor(
    service,
    files.map((each) => each.content),
  );
  const found = new Set<string>();
  for (const { folder, content } of files) {
    // Of several files the first one's folder counts, of an included or extended one its own.
    for (const base of new Set([first.folder, folder])) {
      const read: Reader = (path, from = base) => readingsOf(path, variables).map((each) => resolve(from, each));
      const built = await Promise.all(servicesOf(content, started).map((each) => builtFrom(each, read)));
      const mounts = servicesOf(content, started).flatMap((each) => mounted(each, variables));
      const named = [...pathsIn(content, started), ...mounts].flatMap((path) => read(path));
      for (const place of [...built.flat(), ...named]) {
        if ((await pathExists(place)) && (await isInside(root, place))) found.add(place);
      }
    }
  }
  return [...found];
}

async function readYaml(file: string): Promise<unknown> {
  try {
    return parse((await readTextIfExists(file)) ?? "", { logLevel: "silent", merge: true });
  } catch {
    return undefined; // compose refuses it, too
  }
}

/** The service, what it depends on, and what these extend: a name may stand for several services, and all of them count. */
function startedFor(service: string, contents: readonly unknown[]): ReadonlySet<string> {
  const started = new Set<string>();
  const left = [service];
  for (let name = left.pop(); name !== undefined; name = left.pop()) {
    if (started.has(name)) continue;
    started.add(name);
    for (const content of contents) {
      const found = objectAt(objectAt(content, "services"), name);
      const extended = objectAt(found, "extends") ?? stringAt(found, "extends");
      left.push(...namesIn(objectAt(found, "depends_on")), ...namesIn(objectAt(found, "links")).map(beforeColon));
      left.push(...namesIn(objectAt(found, "volumes_from")).map(beforeColon), ...sharedWith(found));
      left.push(...(typeof extended === "string" ? [extended] : stringsOf(objectAt(extended, "service"))));
    }
  }
  return started;
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

function stringsOf(...values: unknown[]): string[] {
  return values.filter((each) => typeof each === "string");
}

/** As they are written. */
function pathsIn(content: unknown, started: ReadonlySet<string>): string[] {
  const shared = ["configs", "secrets"].flatMap((key) => Object.values(Object(objectAt(content, key))));
  return [
    ...servicesOf(content, started).flatMap(envFiles),
    ...shared.flatMap((each) => stringsOf(objectAt(each, "file"))),
  ];
}

function servicesOf(content: unknown, started: ReadonlySet<string>): unknown[] {
  const services = Object.entries(Object(objectAt(content, "services"))).filter(([name]) => started.has(name));
  return services.map(([, each]: [string, unknown]) => each);
}

/** The places that a path may stand for, seen from the compose file's folder or another one. */
type Reader = (path: string, from?: string) => string[];

/** The Dockerfile, and what it takes from its contexts. */
async function builtFrom(service: unknown, read: Reader): Promise<string[]> {
  const build = objectAt(service, "build");
  if (build === undefined) return [];
  const contexts = read(typeof build === "string" ? build : (stringAt(build, "context") ?? "."));
  const named = stringAt(build, "dockerfile") ?? "Dockerfile";
  const inline = stringAt(build, "dockerfile_inline");
  const found = contexts.map(async (context) => {
    const files = read(named, context);
    const texts = inline === undefined ? await Promise.all(files.map(readDockerfile)) : [inline];
    return [...files, ...texts.flatMap(listImageSources).map((source) => join(context, source))];
  });
  const further = Object.values(Object(objectAt(build, "additional_contexts")));
  return [...(await Promise.all(found)).flat(), ...stringsOf(...further).flatMap((path) => read(path))];
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
