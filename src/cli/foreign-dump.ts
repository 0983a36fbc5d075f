/** Consent to the SQL of a dump that somebody else has made. */
import { isSigned } from "../dump/authorship.ts";
import type { DoubtfulDump } from "../dump/foreign.ts";
import { listDumps, requireDump } from "../dump/store.ts";
import { hashContent } from "../repo/approved-files.ts";
import type { TrustItem } from "../repo/trust-items.ts";
import type { Loss } from "../resolve/protection.ts";
import type { Context } from "./context.ts";
import type { Replacement } from "./loss.ts";
import { approveItems, isApproved } from "./trust.ts";

/** The sentences that say what is agreed to. */
function describeForeign({ dump, login, isSuperuser }: DoubtfulDump): string {
  const as = login === undefined ? "" : ` as ${login}`;
  const means = isSuperuser ? ", a superuser, which may also run programs on the server's machine" : "";
  return `${dump.name} was not made by your pgrove: its SQL will be run${as}${means}`;
}

function describeElevated({ dump, elevated }: DoubtfulDump): string {
  return `a superuser will make, which others may not, of ${dump.name}: ${elevated.join(", ")}`;
}

/** Asks for consent to a replacement, and with it to the SQL of a foreign dump, where that is what replaces. */
export async function consentToReplacement(
  context: Context,
  target: Loss["target"],
  replacement: Replacement,
  foreign: DoubtfulDump | undefined,
): Promise<void> {
  if (foreign === undefined) await context.requireConsent({ target, ...replacement });
  else await approveForeign(context, target, foreign, replacement);
}

/** Asks for it once for each dump, together with whatever else is to be agreed to. */
export async function approveForeign(
  context: Context,
  target: Loss["target"],
  foreign: DoubtfulDump,
  also?: Replacement,
): Promise<void> {
  const wanted = await listDoubts(context, foreign);
  const items = wanted.flatMap(({ item }) => (item === undefined ? [] : [item]));
  const asked = [...wanted.map(({ asked: sentence }) => sentence), ...(also === undefined ? [] : [also.what])];
  if (asked.length > 0) await context.requireConsent({ target, ...also, what: asked.join("; ") });
  if (items.length > 0) await approveItems(context, items);
}

/** What is to be agreed to, and what is remembered of it: what comes through a pipe is another one each time. */
export interface Doubt {
  asked: string;
  item: TrustItem | undefined;
}

/** What of it was not agreed to before. */
export async function listDoubts(context: Context, doubt: DoubtfulDump): Promise<Doubt[]> {
  const all: Doubt[] = [];
  if (doubt.isForeign) {
    const item = await foreignItem(doubt);
    if (item === undefined || !(await isCopyOfOwn(context, item))) all.push({ asked: describeForeign(doubt), item });
  }
  if (doubt.elevated.length > 0) all.push({ asked: describeElevated(doubt), item: await elevatedItem(doubt) });
  const known = await Promise.all(all.map(async ({ item }) => item !== undefined && (await isApproved(context, item))));
  return all.filter((_each, index) => known[index] !== true);
}

/** An extension is the same in every dump; of anything else what it says counts. */
async function elevatedItem(doubt: DoubtfulDump): Promise<TrustItem | undefined> {
  const { elevated } = doubt;
  const text = elevated.join(", ");
  if (elevated.every((object) => object.startsWith("extension "))) return { key: "superuser", text };
  const item = await foreignItem(doubt);
  return item === undefined ? undefined : { key: "superuser", text: `${text} of ${item.text} (${item.content})` };
}

/** Whether it is, byte for byte, a dump of the store that the user's pgrove has made: a copy without its manifest. */
async function isCopyOfOwn(context: Context, { content }: TrustItem): Promise<boolean> {
  const [folder, keys] = await Promise.all([context.storeDir(), context.operationTools()]);
  const same = (await listDumps(folder)).filter(({ manifest }) => manifest?.sha256 === content);
  const signed = await Promise.all(same.map(({ manifest }) => isSigned(manifest, keys)));
  return signed.includes(true);
}

/** Asks about a dump that is to be restored later, before anything is made for it. */
export async function approveEarly(context: Context, target: Loss["target"], text: string): Promise<void> {
  const dump = await requireDump(text, await context.storeDir(), context.cwd, context.home);
  if (await isSigned(dump.manifest, await context.operationTools())) return;
  await approveForeign(context, target, { dump, isForeign: true, elevated: [], isSuperuser: false });
}

/** What is remembered of it; undefined for what came through a pipe. */
async function foreignItem({ dump }: Pick<DoubtfulDump, "dump">): Promise<TrustItem | undefined> {
  if (dump.name === "stdin") return undefined;
  // What lies elsewhere is compared with its manifest before anybody is asked.
  if (dump.elsewhere !== undefined) return { key: "dump", text: dump.name, content: dump.manifest?.sha256 ?? "" };
  return { key: "dump", text: dump.name, content: await hashContent(dump.path) };
}
