/**
 * What a service's container is built from and finds in it that lies beside the compose files: Dockerfiles with what they
 * copy, env files, and what is mounted, as the scripts of docker-entrypoint-initdb.d are. It acts when the container is
 * started.
 */
import { dirname, isAbsolute, join, resolve } from "node:path";
import { parse } from "yaml";
import { isInside, pathExists, readTextIfExists } from "../sys/files.ts";
import { objectAt, stringAt } from "../sys/untyped.ts";
import { withDefaults } from "./compose-parts.ts";
import { listImageSources } from "./image-sources.ts";

/**
 * The files and folders, each once, of what is started for the service, as far as they are there and lie within the
 * root. `parts` are the compose files, the project's first one first.
 */
export async function listComposeInputs(parts: readonly string[], service: string, root: string): Promise<string[]> {
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
      const built = await Promise.all(servicesOf(content, started).map((each) => builtFrom(each, base)));
      const named = pathsIn(content, started).map((path) => resolve(base, withDefaults(path)));
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
    ...servicesOf(content, started).flatMap((each) => [...mounted(each), ...envFiles(each)]),
    ...shared.flatMap((each) => stringsOf(objectAt(each, "file"))),
  ];
}

function servicesOf(content: unknown, started: ReadonlySet<string>): unknown[] {
  const services = Object.entries(Object(objectAt(content, "services"))).filter(([name]) => started.has(name));
  return services.map(([, each]: [string, unknown]) => each);
}

/** The Dockerfile, and what it takes from its contexts. */
async function builtFrom(service: unknown, base: string): Promise<string[]> {
  const build = objectAt(service, "build");
  if (build === undefined) return [];
  const written = typeof build === "string" ? build : (stringAt(build, "context") ?? ".");
  const context = resolve(base, withDefaults(written));
  const file = resolve(context, withDefaults(stringAt(build, "dockerfile") ?? "Dockerfile"));
  const text = stringAt(build, "dockerfile_inline") ?? (await readTextIfExists(file).catch(() => undefined));
  const sources = text === undefined ? [] : listImageSources(text);
  const further = Object.values(Object(objectAt(build, "additional_contexts")));
  return [
    file,
    ...sources.map((source) => join(context, source)),
    ...stringsOf(...further).map((path) => resolve(base, withDefaults(path))),
  ];
}

/** `./init:/docker-entrypoint-initdb.d:ro`, or the same at length. What begins otherwise is a volume's name. */
function mounted(service: unknown): string[] {
  const volumes: unknown = objectAt(service, "volumes");
  return (Array.isArray(volumes) ? volumes : []).flatMap((each: unknown) => {
    if (typeof each !== "string") return stringAt(each, "type") === "bind" ? stringsOf(objectAt(each, "source")) : [];
    const source = withDefaults(each).split(":")[0] ?? "";
    return source.startsWith(".") || isAbsolute(source) ? [source] : [];
  });
}

function envFiles(service: unknown): string[] {
  const written: unknown = objectAt(service, "env_file");
  const all: unknown[] = Array.isArray(written) ? written : [written];
  return all.flatMap((each) => (typeof each === "string" ? [each] : stringsOf(objectAt(each, "path"))));
}
