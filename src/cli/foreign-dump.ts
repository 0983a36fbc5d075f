/** Consent to the SQL of a dump that somebody else has made. */
import { type ForeignDump, isSigned } from "../dump/authorship.ts";
import { listDumps, requireDump } from "../dump/store.ts";
import { hashContent } from "../repo/approved-files.ts";
import type { TrustItem } from "../repo/trust-items.ts";
import type { Loss } from "../resolve/protection.ts";
import type { Context } from "./context.ts";
import { approvingOnce } from "./trust.ts";

/** The sentence that says what is agreed to. */
function describeForeign({ dump, login, isSuperuser }: ForeignDump): string {
  const as = login === undefined ? "" : ` as ${login}`;
  const means = isSuperuser ? ", a superuser, which may also run programs on the server's machine" : "";
  return `${dump.name} was not made by your pgrove: its SQL will be run${as}${means}`;
}

/** Asks for consent to a replacement, and with it to the SQL of a foreign dump, where that is what replaces. */
export async function consentToReplacement(
  context: Context,
  target: Loss["target"],
  replacement: Pick<Loss, "what" | "instead">,
  foreign: ForeignDump | undefined,
): Promise<void> {
  if (foreign === undefined) await context.requireConsent({ target, ...replacement });
  else await approveForeign(context, target, foreign, replacement);
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
  if (item === undefined) await askBoth();
  else if (!(await isCopyOfOwn(context, item))) await approvingOnce(context, item, askBoth);
  if (!isAsked && also !== undefined) await ask(also.what);
}

/** Whether it is, byte for byte, a dump of the store that the user's pgrove has made: a copy without its manifest. */
export async function isCopyOfOwn(context: Context, { content }: TrustItem): Promise<boolean> {
  const [folder, keys] = await Promise.all([context.storeDir(), context.operationTools()]);
  const same = (await listDumps(folder)).filter(({ manifest }) => manifest?.sha256 === content);
  const signed = await Promise.all(same.map(({ manifest }) => isSigned(manifest, keys)));
  return signed.includes(true);
}

/** Asks about a dump that is to be restored later, before anything is made for it. */
export async function approveEarly(context: Context, target: Loss["target"], text: string): Promise<void> {
  const dump = await requireDump(text, await context.storeDir(), context.cwd, context.home);
  if (await isSigned(dump.manifest, await context.operationTools())) return;
  await approveForeign(context, target, { dump, isSuperuser: false });
}

/** What is remembered of it; undefined for what came through a pipe. */
export async function foreignItem({ dump }: ForeignDump): Promise<TrustItem | undefined> {
  if (dump.name === "stdin") return undefined;
  return { key: "dump", text: dump.name, content: await hashContent(dump.path) };
}
