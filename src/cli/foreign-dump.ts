/** Consent to the SQL of a dump that somebody else has made. */
import type { ForeignDump } from "../dump/authorship.ts";
import { hashContent } from "../repo/approved-files.ts";
import type { TrustItem } from "../repo/trust-items.ts";
import type { Loss } from "../resolve/protection.ts";
import type { Context } from "./context.ts";
import { approvingOnce } from "./trust.ts";

/** The sentence that says what is agreed to. */
export function describeForeign({ dump, login, isSuperuser }: ForeignDump): string {
  const means = isSuperuser ? ", a superuser, which may also run programs on the server's machine" : "";
  return `${dump.name} was not made by your pgrove: its SQL will be run as ${login}${means}`;
}

/** Asks for it once for each dump, together with whatever else is to be agreed to. */
export async function approveForeign(
  context: Context,
  target: Loss["target"],
  foreign: ForeignDump,
  also?: Pick<Loss, "what" | "instead">,
): Promise<void> {
  const asked = describeForeign(foreign);
  const ask = (what: string) => context.requireConsent({ target, ...also, what });
  let isAsked = false;
  const item = await foreignItem(foreign);
  const askBoth = async () => {
    isAsked = true;
    await ask(also === undefined ? asked : `${asked}; ${also.what}`);
  };
  // What comes through a pipe is another one each time: remembering it would be of no use.
  await (item === undefined ? askBoth() : approvingOnce(context, item, askBoth));
  if (!isAsked && also !== undefined) await ask(also.what);
}

/** What is remembered of it; undefined for what came through a pipe. */
export async function foreignItem({ dump }: ForeignDump): Promise<TrustItem | undefined> {
  if (dump.name === "stdin") return undefined;
  return { key: "dump", text: dump.name, content: await hashContent(dump.path) };
}
