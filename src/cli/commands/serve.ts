import { usageError } from "../../errors.ts";
import { defineCommand } from "../command.ts";
import { formatFields } from "../table.ts";

export const command = defineCommand({
  meta: {
    details:
      "Serves the API, the metrics and one page, on 127.0.0.1:4711 unless told. Each operation is a run of pgrove of its own, so that " +
      "it is claimed, journaled and agreed to as on the command line. The URL that is shown holds a token for this run. An address " +
      "that others can reach wants tokens that were made (pgrove serve token create), and encryption.",
    examples: [
      { line: "pgrove serve --open", about: "the page, in the browser" },
      { line: "pgrove serve --listen 127.0.0.1:0 --json | jq -r .url", about: "any free port, for a script" },
      { line: "pgrove serve --behind-proxy https://db.example.org", about: "behind a proxy on this machine" },
    ],
  },
  args: {
    listen: { type: "string", valueHint: "ADDRESS:PORT", description: "where; default: 127.0.0.1:4711" },
    open: { type: "boolean", description: "open the page in the browser" },
    "tls-cert": { type: "string", valueHint: "FILE", description: "the certificate, in PEM" },
    "tls-key": { type: "string", valueHint: "FILE", description: "its key, in PEM" },
    "behind-proxy": {
      ...{ type: "string", valueHint: "ORIGIN" },
      description: "a proxy serves it under that origin, such as https://db.example.org, and encrypts",
    },
  },
  async run({ args, context }) {
    if (args.open && args.behindProxy !== undefined) throw usageError("--open is for this machine's own browser");
    const { serveUntilEnded } = await import("../serve/serving.ts");
    await serveUntilEnded(context, args, async ({ url, token }) => {
      const page = token === undefined ? url : `${url}#token=${token}`;
      const document = { url, page, token: token ?? null };
      await context.output.answer(document, () => formatFields([["serving", page]]));
      context.output.note("Ctrl-C ends it");
      return page;
    });
  },
});
