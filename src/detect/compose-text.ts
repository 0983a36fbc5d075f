/** Compose files as they are written, put together as compose does it: included files, extended services, the override file. */
import { dirname, join, normalize } from "node:path";
import { loadTextFile } from "../config/text-file.ts";
import { completeService } from "./compose-service.ts";
import { asMapping, asText, type Mapping, readVariables } from "./compose-values.ts";

/** A project: a file, with what it includes. */
export interface ComposeText {
  /** Relative to the repository's root. */
  file: string;
  name: string | undefined;
  services: Readonly<Record<string, Mapping>>;
}

const MAX_ALIASES = 100;
const DEEPEST = 8;
const OVERRIDE = /^(.*\/)?(?:docker-)?compose\.override\.ya?ml$/;

/**
 * The projects of these files, each relative to the root. A file that another one includes, or overrides with, is no
 * project of its own; what cannot be read is passed over.
 */
export async function readComposeTexts(root: string, files: readonly string[]): Promise<ComposeText[]> {
  const texts = new TextReader(root);
  const read = await Promise.all(files.map(async (file) => ({ file, text: await texts.read(file) })));
  const included = new Set(read.flatMap(({ file, text }) => listIncluded(file, text)));
  const own = read.filter(({ file, text }) => text !== undefined && !included.has(file));
  const found = await Promise.all(
    own.map(async ({ file, text }) => {
      const overrides = files.filter((each) => OVERRIDE.test(each) && each !== file && dirname(each) === dirname(file));
      if (OVERRIDE.test(file) && own.some((other) => other.file !== file && dirname(other.file) === dirname(file)))
        return [];
      const services = await texts.services([file, ...(isUsual(file) ? overrides : [])]);
      return [{ file, name: asText(text?.name), services }];
    }),
  );
  return found.flat();
}

/** The project of exactly these files, the last one first in rank. */
export async function readComposeList(root: string, files: readonly string[]): Promise<ComposeText | undefined> {
  const texts = new TextReader(root);
  const read = await Promise.all(files.map((file) => texts.read(file)));
  const [file] = files;
  if (file === undefined || read.includes(undefined)) return undefined;
  const name = read.map((text) => asText(text?.name)).findLast((each) => each !== undefined);
  return { file, name, services: await texts.services(files) };
}

/** Whether compose takes the file by itself, and so the override file beside it. */
function isUsual(file: string): boolean {
  return /^(.*\/)?(?:docker-)?compose\.ya?ml$/.test(file);
}

class TextReader {
  private readonly known = new Map<string, Promise<Mapping | undefined>>();

  constructor(private readonly root: string) {}

  read(file: string): Promise<Mapping | undefined> {
    const reading = this.known.get(file) ?? parseCompose(join(this.root, file));
    this.known.set(file, reading);
    return reading;
  }

  async services(files: readonly string[], depth = 0): Promise<Record<string, Mapping>> {
    const found: Record<string, Mapping> = {};
    if (depth > DEEPEST) return found;
    for (const file of files) {
      const text = await this.read(file);
      Object.assign(found, await this.services(listIncluded(file, text), depth + 1));
      for (const name of Object.keys(asMapping(text?.services) ?? {})) {
        const service = await this.extended(file, name, depth);
        if (service !== undefined) found[name] = merge(found[name], await completeService(this.root, file, service));
      }
    }
    return found;
  }

  /** A service with what it extends. */
  private async extended(file: string, name: string, depth: number): Promise<Mapping | undefined> {
    const service = asMapping(asMapping((await this.read(file))?.services)?.[name]);
    const from = service?.extends;
    if (service === undefined || from === undefined || depth > DEEPEST) return service;
    const other = asText(from) ?? asText(asMapping(from)?.service) ?? name;
    const place = asText(asMapping(from)?.file);
    return merge(await this.extended(place === undefined ? file : beside(file, place), other, depth + 1), service);
  }
}

function merge(base: Mapping | undefined, own: Mapping): Mapping {
  if (base === undefined) return own;
  const environment = { ...readVariables(base.environment), ...readVariables(own.environment) };
  return { ...base, ...own, ...(Object.keys(environment).length === 0 ? {} : { environment }) };
}

/** `include`: a list of paths, or of mappings with a path or several. */
function listIncluded(file: string, text: Mapping | undefined): string[] {
  const { include } = text ?? {};
  if (!Array.isArray(include)) return [];
  return include
    .flatMap((each: unknown) => asMapping(each)?.path ?? each)
    .flatMap((path: unknown) => (typeof path === "string" ? [beside(file, path)] : []));
}

function beside(file: string, path: string): string {
  return normalize(join(dirname(file), path));
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
