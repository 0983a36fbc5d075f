/** What a soak has done and found, and how it is told. */
export interface Report {
  seed: number;
  server: string;
  steps: number;
  /** How often each has really happened. */
  faults: Record<string, number>;
  refused: number;
  /** What was not as it must be, with the step. Empty is good. */
  lost: string[];
  foreignTouched: string[];
  restartsNotInjected: number;
  leftovers: string[];
}

/** Whether nothing was lost, touched or left. */
export function isGood({ lost, foreignTouched, restartsNotInjected, leftovers }: Report): boolean {
  return lost.length + foreignTouched.length + restartsNotInjected + leftovers.length === 0;
}

/** The report in words: a line for each figure, and what was lost. */
export function describeReport(report: Report): string[] {
  const { seed, server, steps, faults, refused, lost, foreignTouched, restartsNotInjected, leftovers } = report;
  const struck = Object.values(faults).reduce((sum, each) => sum + each, 0);
  const kinds = Object.entries(faults).sort();
  const list = kinds.map(([name, count]) => `${name} ${count}`).join(", ");
  return [
    `seed ${seed}, ${server}: ${steps} steps, ${struck} faults (${list}), ${refused} refused beside another run`,
    `lost ${lost.length}, foreign things touched ${foreignTouched.length}, server restarts that were not injected ${restartsNotInjected}, leftovers ${leftovers.length}`,
    ...lost,
    ...[...foreignTouched, ...leftovers].map((each) => `  ${each}`),
  ];
}

/** `step 3: ann: pgrove dump main, SIGKILL`. */
export function describeStep(step: number, actor: string, args: readonly string[], fault: string | undefined): string {
  return `step ${step}: ${actor}: pgrove ${args.join(" ")}${fault === undefined ? "" : `, ${fault}`}`;
}
