/** What destroys data needs consent. */
import { type PgroveError, refusal } from "../errors.ts";
import { visibleOnOneLine } from "../sys/visible-text.ts";
import type { Target } from "./target.ts";

/** What is about to happen, for whoever has to agree to it. */
export interface Loss {
  target: Pick<Target, "label" | "name" | "environment" | "protected" | "protectedAs">;
  /** What will be lost, as a sentence without its full stop: "database app (45.3 MB, 12 tables) of main is replaced". */
  what: string;
  /** The command as it was typed, without secrets; the hint adds to it. */
  command: string;
  /** A hint that comes first: the way that loses nothing. */
  instead?: string;
  /** Why a yes does not do, --yes neither: the name has to be typed, as for a protected target. */
  typed?: string | undefined;
}

/** What consent was given on the command line, and whom to ask for more. */
export interface Consent {
  yes: boolean;
  /** The name after --confirm. */
  confirm: string | undefined;
  prompt: {
    readonly available: boolean;
    confirm(question: string): Promise<boolean>;
    word(question: string): Promise<string>;
  };
}

/**
 * Resolves when the loss is agreed to: by --yes or a yes; for a protected target, what cannot be taken back, and what is not
 * the target's own, by a name, typed or after --confirm.
 * Refuses (exit 5) otherwise, and where there is nobody to ask.
 */
export async function requireConsent(given: Loss, consent: Consent): Promise<void> {
  const loss = { ...given, what: visibleOnOneLine(given.what) }; // a name in it must not look like a sentence of ours
  if (loss.target.protected || loss.typed !== undefined) return await requireName(loss, consent);
  if (consent.yes || consent.confirm === nameToType(loss)) return;
  if (!consent.prompt.available) {
    throw refusal(
      "consent",
      `${loss.what}; that needs consent, and there is no terminal to ask on`,
      hints(loss, `${loss.command} --yes`),
    );
  }
  if (!(await consent.prompt.confirm(`${loss.what}. Go on?`))) throw declined(loss);
}

async function requireName(loss: Loss, { confirm, prompt }: Consent): Promise<void> {
  const name = nameToType(loss);
  if (confirm === name) return;
  const { protected: isProtected, protectedAs, label } = loss.target;
  const who = visibleOnOneLine(protectedAs === undefined ? name : `${label} is the database of ${name}, which`);
  const [code, why] = isProtected ? ["protected", `${who} is protected`] : ["consent", loss.typed ?? ""];
  const withName = hints(loss, `${loss.command} --confirm ${name}`);
  if (confirm !== undefined) {
    throw refusal(code, `${why}, and --confirm names ${confirm}; ${loss.what}`, withName);
  }
  if (!prompt.available) throw refusal(code, `${why}; ${loss.what}`, withName);
  const typed = await prompt.word(`${why}. ${loss.what}. Type ${visibleOnOneLine(name)} to go on:`);
  if (typed.trim() !== name) throw declined(loss);
}

function nameToType({ target }: Loss): string {
  return target.protectedAs ?? target.environment ?? target.name;
}

function hints({ instead }: Loss, line: string): string {
  return instead === undefined ? line : `${instead}\n${line}`;
}

function declined(loss: Loss): PgroveError {
  return refusal("consent", `not done, as you wish; ${loss.target.label} is as it was`);
}
