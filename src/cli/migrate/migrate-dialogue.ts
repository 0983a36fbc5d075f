/** What `migrate up`, `down` and `goto` ask and tell on the way. */
import type { MigrateDialogue } from "../../migrate/request.ts";
import type { Backup } from "../../migrate/run/backup.ts";
import { redact } from "../../sys/redact.ts";
import { quoteWord } from "../../sys/shell-word.ts";
import type { Context } from "../context.ts";
import { formatBytes, plural } from "../format.ts";
import { askAboutSessions, describeConnected } from "../sessions.ts";
import { requireToolTrust } from "../trust.ts";
import { describeAgreement } from "./migrate-consent.ts";
import { renderRehearsal } from "./rehearsal.ts";

export function createDialogue(context: Context): MigrateDialogue {
  const { output, flags } = context;
  return {
    readsImpact: !flags.yes, // with a --yes that counts, nobody is asked
    consent: (agreement) => {
      const instead = `${context.commandLine} --rehearse    tries it on a copy first`;
      const loss = { target: agreement.target, what: describeAgreement(agreement) };
      return context.requireConsent({ ...loss, ...(agreement.rehearsed ? {} : { instead }) });
    },
    consentToTool: (command, target) =>
      context.requireConsent({ target, what: `${command} would be run on ${target.label}` }),
    trust: () => requireToolTrust(context),
    whenBusy: ({ label }, sessions) => askAboutSessions(context, label, sessions),
    whenConnected: ({ label }, sessions) => askAboutBackup(context, label, describeConnected(sessions, label)),
    tellSchemaStart: (file, count) => output.note(`  schema  ${file} is loaded: ${plural(count, "migration")}`),
    tellBackup: ({ name, kind, sizeBytes }) => output.note(`  backup  ${name} (${kind}, ${formatBytes(sizeBytes)})`),
    tellRehearsal: (rehearsal, { label }) => output.note(renderRehearsal(rehearsal, label)),
    restoreCommand: (backup, target) => describeRestore(backup, context, target),
    commandWith: (option) => `${context.commandLine} ${option}`,
  };
}

/** Without a terminal nobody is disconnected: a dump does as well. */
async function askAboutBackup({ prompt, flags, output }: Context, label: string, connected: string) {
  if (!prompt.available || flags.yes) {
    output.note(`${connected}; a dump is made instead of a snapshot, so that they stay`);
    return "dump" as const;
  }
  return await prompt.pick<"dump" | "disconnect" | "wait">(`${connected}. How is ${label} to be saved?`, [
    { value: "dump", label: "make a dump instead", hint: "slower, and they stay connected" },
    { value: "disconnect", label: "disconnect them for that second" },
    { value: "wait", label: "wait until they have left" },
  ]);
}

/** The common options by which the same database is meant. */
function wordsBefore({ flags }: Context): string[] {
  return [
    ...(flags.repo === undefined ? [] : ["-C", flags.repo]),
    ...(flags.envFile === undefined ? [] : ["--env-file", flags.envFile]),
  ];
}

function describeRestore({ kind, name }: Backup, context: Context, target: string | undefined): string {
  const destination = target === undefined ? [] : [redact(target)];
  const to = kind === "dump" && target !== undefined ? ["--to", ...destination] : destination;
  const verb = kind === "dump" ? "restore" : "rewind";
  return ["pgrove", ...wordsBefore(context), verb, name, ...to].map(quoteWord).join(" ");
}
