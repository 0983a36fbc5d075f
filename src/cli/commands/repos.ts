import { resolve } from "node:path";
import { addAlias, aliasFile, listAliases, removeAlias } from "../../repo/aliases.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { formatTable } from "../table.ts";

export const add = defineCommand({
  meta: { examples: [{ line: "pgrove repos add onyx ~/code/onyx", about: "then: pgrove -C onyx status" }] },
  args: {
    name: { type: "positional", description: "the short name" },
    path: {
      type: "positional",
      required: false,
      description: "the repository's folder; default: the one you stand in",
    },
  },
  async run({ args, context }) {
    const { path } = args;
    const folder = path === undefined ? await ownFolder(context) : resolve(context.cwd, path);
    const alias = await addAlias(fileOf(context), args.name, folder);
    await context.output.answer({ repo: alias }, () => `${alias.name}  ${alias.path}`);
  },
});

export const list = defineCommand({
  meta: { examples: [{ line: "pgrove repos list", about: "the short names and their folders" }] },
  args: {},
  async run({ context }) {
    const repos = await listAliases(fileOf(context));
    await context.output.answer({ repos }, () => {
      if (repos.length === 0) return "none yet: pgrove repos add NAME [PATH]";
      return formatTable([["NAME", "PATH"], ...repos.map(({ name, path }) => [name, path])]);
    });
  },
});

export const remove = defineCommand({
  meta: { examples: [{ line: "pgrove repos remove onyx", about: "the repository itself stays" }] },
  args: { name: { type: "positional", completes: "repository", description: "the short name" } },
  async run({ args, context }) {
    const alias = await removeAlias(fileOf(context), args.name);
    await context.output.answer({ removed: alias }, () => `${alias.name} is forgotten; ${alias.path} is as it was`);
  },
});

function fileOf(context: Context): string {
  return aliasFile(context.environment, context.home);
}

async function ownFolder(context: Context): Promise<string> {
  return (await context.repository())?.root ?? (await context.folder());
}
