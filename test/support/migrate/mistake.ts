import { PgroveError } from "../../../src/errors.ts";

/** The PgroveError that the work throws; an error of its own when it throws none. */
export function mistake(work: () => unknown): PgroveError {
  try {
    work();
  } catch (error) {
    if (error instanceof PgroveError) return error;
    throw error;
  }
  throw new Error("it was accepted");
}
