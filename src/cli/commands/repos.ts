import { resolve } from "node:path";
import { addAlias, aliasFile, listAliases, removeAlias } from "../../repo/aliases.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { formatTable } from "../table.ts";

export const add = defineCommand({
  positionals: [
    { name: "NAME", required: true, about: "the short name" },
    { name: "PATH", about: "the repository's folder; default: the one you stand in" },
  ],
  options: [],
  examples: [{ line: "pgrove repos add onyx ~/code/onyx", about: "then: pgrove -C onyx status" }],
  async run(context, args) {
    const path = args.positional("PATH");
    const folder = path === undefined ? await ownFolder(context) : resolve(context.cwd, path);
    const alias = await addAlias(fileOf(context), args.positional("NAME") ?? "", folder);
    await context.output.answer({ repo: alias }, () => `${alias.name}  ${alias.path}`);
  },
});

export const list = defineCommand({
  positionals: [],
  options: [],
  examples: [{ line: "pgrove repos list", about: "the short names and their folders" }],
  async run(context) {
    const repos = await listAliases(fileOf(context));
    await context.output.answer({ repos }, () => {
      if (repos.length === 0) return "none yet: pgrove repos add NAME [PATH]";
      return formatTable([["NAME", "PATH"], ...repos.map(({ name, path }) => [name, path])]);
    });
  },
});

export const remove = defineCommand({
  positionals: [{ name: "NAME", required: true, about: "the short name" }],
  options: [],
  examples: [{ line: "pgrove repos remove onyx", about: "the repository itself stays" }],
  async run(context, args) {
    const alias = await removeAlias(fileOf(context), args.positional("NAME") ?? "");
    await context.output.answer({ removed: alias }, () => `${alias.name} is forgotten; ${alias.path} is as it was`);
  },
});

function fileOf(context: Context): string {
  return aliasFile(context.environment, context.home);
}

async function ownFolder(context: Context): Promise<string> {
  return (await context.repository())?.root ?? (await context.folder());
}
