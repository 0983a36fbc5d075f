/** Consent to the commands of pgrove.yaml, as `trust` and whatever would run them ask for it. */
import type { LoadedConfig } from "../config/load-config.ts";
import { refusal } from "../errors.ts";
import { approve, isTrusted, listExecutable, type TrustPlace, trustFile } from "../repo/trust.ts";
import type { Context } from "./context.ts";
import { formatTable } from "./table.ts";

/** Whether everything that pgrove.yaml would run was approved before. */
export async function isConfigTrusted(context: Context): Promise<boolean> {
  const loaded = await context.requireConfig();
  return await isTrusted(await trustPlace(context, loaded), loaded.config);
}

/**
 * Resolves when everything that pgrove.yaml would run is approved, before or now; `yes` approves unasked. Refuses
 * (exit 5) when it is not, with `instead` as a further way out.
 */
export async function requireTrust(
  context: Context,
  { yes = false, instead = "--no-setup      leaves them out" } = {},
): Promise<void> {
  const loaded = await context.requireConfig();
  const place = await trustPlace(context, loaded);
  if (await isTrusted(place, loaded.config)) return;
  const commands = describeExecutable(loaded);
  if (!yes) await askForTrust(context, commands, instead);
  await approve(place, loaded.config, context.clock.now());
}

async function askForTrust({ prompt }: Context, commands: string, instead: string): Promise<void> {
  const hint = `pgrove trust      shows them, and approves them\n${instead}`;
  if (!prompt.available) {
    throw refusal("not_trusted", `pgrove.yaml would run commands that were not approved:\n${commands}`, hint);
  }
  // In the question itself, which no --quiet takes away.
  if (await prompt.confirm(`pgrove.yaml would run:\n${commands}\nApprove these commands?`)) return;
  throw refusal("not_trusted", "the commands of pgrove.yaml were not approved; none was run", hint);
}

/** The commands under their keys, one a line; what a terminal would act upon is spelt out. */
export function describeExecutable({ config }: LoadedConfig): string {
  const rows = listExecutable(config).flatMap(({ key, commands }) =>
    commands.map((command, index) => [index === 0 ? key : "", command]),
  );
  return formatTable(rows, { indent: "  " });
}

async function trustPlace(context: Context, loaded: LoadedConfig): Promise<TrustPlace> {
  const { environment, home } = context;
  const repository = (await context.repository())?.commonDir ?? loaded.dir;
  return { file: trustFile(environment, home), repository };
}
