/** What a compose project is called where only compose can tell: asked of it once for the same files and variables. */
import { join } from "node:path";
import { ensureDir, readTextIfExists, writeFileAtomic } from "../sys/files.ts";
import { ensureSigner, findSigner } from "../sys/signature.ts";
import { objectAt, stringAt } from "../sys/untyped.ts";
import { readComposeConfig } from "./compose-config.ts";
import type { ComposeSpec } from "./compose-find.ts";
import { findComposeEnvFiles, findProjectName, type ProjectName, type Variables } from "./compose-project.ts";
import type { Memory, ServerTools } from "./server.ts";

/** The project's name as compose would find it; undefined where compose refuses its files. */
export async function findProject(
  spec: ComposeSpec,
  { runner, memory }: Pick<ServerTools, "runner" | "memory">,
): Promise<ProjectName | undefined> {
  const found = await findProjectName({ ...spec, env: process.env });
  if (found !== undefined) return found;
  const question = await describeQuestion(spec, process.env);
  const known = memory === undefined ? undefined : await recall(memory, question);
  if (known !== undefined) return { name: known, from: "file" };
  const config = await readComposeConfig(runner, spec).catch(() => undefined); // `up` says what is wrong with them
  if (config === undefined) return undefined;
  if (memory !== undefined) await remember(memory, question, config.project).catch(() => undefined); // asked again
  return { name: config.project, from: "file" };
}

/**
 * All that the answer depends on: which files, what stands in them, and the variables that these name. It is only signed,
 * never written down, for there are secrets in it.
 */
async function describeQuestion(spec: ComposeSpec, env: Variables): Promise<string> {
  const { listComposeParts } = await import("./compose-parts.ts");
  const envFiles = await findComposeEnvFiles(spec.files[0] ?? "", env);
  const inputs = [...(await listComposeParts(spec.files)), ...envFiles];
  const texts = await Promise.all(inputs.map((file) => readTextIfExists(file).catch(() => undefined)));
  const mentioned = new Set(
    texts.flatMap((text) => [...(text ?? "").matchAll(/\$\{?(\w+)/g)].map(([, name = ""]) => name)),
  );
  const variables = Object.entries(env).filter(([name]) => name.startsWith("COMPOSE_") || mentioned.has(name));
  return JSON.stringify([spec.files, spec.profiles, inputs, texts, variables.sort(([a], [b]) => (a < b ? -1 : 1))]);
}

const PURPOSE = "compose project";

const fileOf = async ({ folder }: Memory) => join(await folder(), "compose-project.json");

/** The answer of an earlier run, if it is this user's own and was given to the same question. */
async function recall(memory: Memory, question: string): Promise<string | undefined> {
  try {
    const kept: unknown = JSON.parse((await readTextIfExists(await fileOf(memory))) ?? "null");
    const name = stringAt(kept, "name");
    const signer = name === undefined ? undefined : await findSigner(memory.key);
    return signer?.isSigned(PURPOSE, JSON.stringify([name, question]), objectAt(kept, "signature")) ? name : undefined;
  } catch {
    return undefined; // compose is asked again
  }
}

async function remember(memory: Memory, question: string, name: string): Promise<void> {
  const signer = await ensureSigner(memory.key);
  await ensureDir(await memory.folder());
  const kept = { name, signature: signer.sign(PURPOSE, JSON.stringify([name, question])) };
  await writeFileAtomic(await fileOf(memory), `${JSON.stringify(kept)}\n`, { durable: false });
}
