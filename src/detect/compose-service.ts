/** A compose service with what it takes from files beside: the image that it is built from, and its env files' variables. */
import { dirname, join } from "node:path";
import { readEnvFile } from "../config/env-file.ts";
import { loadTextFile } from "../config/text-file.ts";
import { asMapping, asText, type Mapping, readVariables } from "./compose-values.ts";

/** The service with its own variables before those of its env files. What cannot be read is passed over. */
export async function completeService(root: string, file: string, service: Mapping): Promise<Mapping> {
  const folder = join(root, dirname(file));
  const [image, variables] = await Promise.all([builtFrom(folder, service), readEnvFiles(folder, service.env_file)]);
  const environment = { ...variables, ...readVariables(service.environment) };
  return {
    ...(image === undefined ? {} : { image }),
    ...service,
    ...(Object.keys(environment).length === 0 ? {} : { environment }),
  };
}

/** One path, or a list of paths and of mappings with one. */
async function readEnvFiles(folder: string, written: unknown): Promise<Record<string, string>> {
  const all: unknown[] = Array.isArray(written) ? written : [written];
  const paths = all.map((each) => asText(each) ?? asText(asMapping(each)?.path)).filter((path) => path !== undefined);
  const read = paths.map((path) => readEnvFile(join(folder, path)).catch(() => ({})));
  return Object.assign({}, ...(await Promise.all(read)));
}

/** The image that a service's Dockerfile begins with. */
async function builtFrom(folder: string, { build }: Mapping): Promise<string | undefined> {
  const context = asText(build) ?? (build === undefined ? undefined : (asText(asMapping(build)?.context) ?? "."));
  if (context === undefined) return undefined;
  const settings = asMapping(build) ?? {};
  const path = join(folder, context, asText(settings.dockerfile) ?? "Dockerfile");
  const text = asText(settings.dockerfile_inline) ?? (await loadTextFile(path, "the Dockerfile").catch(() => ""));
  return baseOf(text, asText(settings.target));
}

const FROM = /^[ \t]*FROM[ \t]+(?:--\S+[ \t]+)*(\S+)(?:[ \t]+AS[ \t]+(\S+))?/gim;

/** Of several stages that of the last one, or of the one that is asked for. */
function baseOf(dockerfile: string, target: string | undefined): string | undefined {
  const stages = [...dockerfile.matchAll(FROM)].map(([, image = "", name]) => ({ image, name: name?.toLowerCase() }));
  const wanted = target === undefined ? -1 : stages.findIndex(({ name }) => name === target.toLowerCase());
  let stage = stages.at(wanted);
  for (let left = stages.length; stage !== undefined && left > 0; left--) {
    const base = stage.image.toLowerCase();
    const earlier = stages.find(({ name }) => name === base);
    if (earlier === undefined) return stage.image;
    stage = earlier;
  }
  return undefined;
}
