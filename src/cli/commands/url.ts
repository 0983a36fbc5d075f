import { formatConnectionUrl } from "../../postgres/url.ts";
import { listUntranslated } from "../../postgres/url-parameters.ts";
import { requireReach } from "../../resolve/reach.ts";
import { defineCommand } from "../command.ts";
import { TARGET } from "../grammar.ts";

export const command = defineCommand({
  meta: {
    details:
      "The password is part of it: the URL is the answer. Nothing else that pgrove prints has it. It is one that psql takes: " +
      "what only other programs read (connection_limit=, pgbouncer= …) is left out here, and kept by `pgrove env`; the schema " +
      "that they are led into (Prisma's schema=, currentSchema=, search_path=) is said in libpq's words.",
    examples: [
      { line: 'psql "$(pgrove url)"', about: "any program that takes a URL" },
      { line: 'DATABASE_URL="$(pgrove url @staging)" npm start', about: "an environment's database" },
    ],
  },
  args: { target: TARGET },
  async run({ args, context }) {
    const target = await context.resolveTarget(args.target);
    const connection = await requireReach(target, await context.serverTools());
    const left = listUntranslated(connection.extras ?? {});
    if (left.length > 0)
      context.output.note(`note: left out, for psql does not know it: ${left.join(", ")} (pgrove env has it)`);
    const url = formatConnectionUrl(connection, "show");
    const document = { target: target.name, url, url_redacted: formatConnectionUrl(connection, "hide") };
    await context.output.answer(document, () => url);
  },
});
