/** What `init` cannot settle by itself, and so says: what would not be run, and where the proposal may not fit. */
import { join } from "node:path";
import type { Detected } from "../detect/detect.ts";
import { visibleOnOneLine } from "../sys/visible-text.ts";

/** A line each. */
export async function describeDoubts(root: string, detected: Detected): Promise<string[]> {
  return [...(await findPassedOver(root, detected)), ...describeFixed(detected), ...describeCompose(detected)];
}

const MOST_NAMED = 5;

/** What lies among the migrations and would not be run. */
async function findPassedOver(root: string, { migrations }: Detected): Promise<string[]> {
  if (migrations === undefined || "command" in migrations) return [];
  if ("foreign" in migrations) {
    return [
      `${visibleOnOneLine(migrations.file)} looks like a migration of ${migrations.foreign}: see migrations.command`,
    ];
  }
  const { readMigrations } = await import("../migrate/files/read-migrations.ts");
  const { findings } = await readMigrations({ dirs: [join(root, migrations.dir)], root, layout: migrations.layout });
  const named = findings.slice(0, MOST_NAMED).map(({ file, message }) => `${visibleOnOneLine(file)} ${message}`);
  const more = findings.length - named.length;
  return [...named, ...(more > 0 ? [`and ${more} more: pgrove migrate check`] : [])];
}

/** A worktree's env file changes nothing for a program that reads no variable. */
function describeFixed({ fixed = [] }: Detected): string[] {
  return fixed.map(
    ({ file, database }) =>
      `${visibleOnOneLine(file)} names its database itself (${database}), so every worktree would work on that one: have it read a variable that env.set names, such as DATABASE_URL`,
  );
}

/** What the proposed compose service is to those who start it otherwise, or look for it from inside. */
function describeCompose({ services: [service], sets = [] }: Detected): string[] {
  if (service === undefined) return [];
  const names = [service.service, service.container];
  const inside = sets.filter(({ host }) => host !== undefined && names.includes(host));
  const given = service.composeEnvFiles ?? [];
  return [
    ...inside.map(
      ({ file, host }) =>
        `${visibleOnOneLine(file)} says ${host}, a name in compose's own network: env.set gives what leads there from this machine. Where programs run in containers: isolation: container, and nothing of it in env.set`,
    ),
    ...(given.length === 0
      ? []
      : [
          `a script here gives compose ${given.map((file) => `--env-file ${visibleOnOneLine(file)}`).join(" ")}: pgrove does with COMPOSE_ENV_FILES=${given.map(visibleOnOneLine).join(",")} in its environment`,
        ]),
  ];
}
