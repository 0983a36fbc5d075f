/**
 * The mark that a git hook's steps carry in their environment, and with them whatever they start: nobody has typed it.
 * It names the process of the hook, so that it does not stick to a terminal that a step has opened.
 */
const VARIABLE = "PGROVE_HOOK_STEP";

type Variables = Record<string, string | undefined>;

/** The variable that marks what this process, a git hook, is about to start. */
export async function hookMark(): Promise<Record<string, string>> {
  const { processBirth } = await import("./run-record.ts");
  return { [VARIABLE]: `${process.pid} ${(await processBirth(process.pid)) ?? ""}` };
}

/** Whether a git hook has started this. */
export function isMarked(environment: Readonly<Variables>): boolean {
  return (environment[VARIABLE] ?? "") !== "";
}

/**
 * Takes the mark off where a person types by now: the hook has ended, and there is a terminal. What a step has left
 * running in the background has none, and stays marked; so it does while the hook runs.
 */
export async function dropStaleMark(environment: Variables, hasTerminal: boolean): Promise<void> {
  const mark = environment[VARIABLE];
  if (mark === undefined || !hasTerminal) return;
  const { processBirth } = await import("./run-record.ts"); // a terminal seldom has a mark
  const space = mark.indexOf(" ");
  const pid = Number(mark.slice(0, Math.max(0, space)));
  const lives = Number.isSafeInteger(pid) && pid > 0 && (await processBirth(pid)) === mark.slice(space + 1);
  if (!lives) delete environment[VARIABLE];
}
