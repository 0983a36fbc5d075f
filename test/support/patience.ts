/**
 * How much longer everything may take here than on a quiet machine: one factor for the bound of every wait. It is measured
 * once for a run (`engine/patience.ts`) and handed on in PGROVE_TEST_PATIENCE.
 */
export const patience = parsePatience(process.env.PGROVE_TEST_PATIENCE);

/** A bound that is right on a quiet machine, for this one. */
export function patiently(quietMs: number): number {
  return Math.ceil(quietMs * patience);
}

/** The factor, which is 1 where none is given. Throws for anything that is not a number from 1 on. */
export function parsePatience(text: string | undefined): number {
  if (text === undefined || text === "") return 1;
  const factor = Number(text);
  if (Number.isFinite(factor) && factor >= 1) return factor;
  throw new Error(`PGROVE_TEST_PATIENCE=${text} is not a number from 1 on`);
}
