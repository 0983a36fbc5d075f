/** Where the time of a run goes, part by part. */

/** The parts of a run, in their order; keys are indexes and foreign keys that are made again. */
export type SeedPart = "plan" | "rows" | "keys" | "analyze" | "checks" | "commit";

export type SeedTimes = Readonly<Partial<Record<SeedPart, number>>>;

/** Adds up the milliseconds of each part. */
export class Stopwatch {
  private readonly parts: Partial<Record<SeedPart, number>> = {};

  async time<T>(part: SeedPart, work: () => Promise<T>): Promise<T> {
    const started = performance.now();
    try {
      return await work();
    } finally {
      this.parts[part] = (this.parts[part] ?? 0) + performance.now() - started;
    }
  }

  get times(): SeedTimes {
    return { ...this.parts };
  }
}
