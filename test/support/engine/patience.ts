import { parsePatience } from "../patience.ts";
import { ensurePlainImage } from "./images.ts";
import { runOk } from "./run.ts";

const STARTS = 3;
/** The median on a quiet machine with two cores. */
const QUIET_START_MS = 400;
const MOST = 10;

/**
 * How many times longer than on a quiet machine it takes to start an empty container: the median of a few, from 1 to 10.
 * What is given in PGROVE_TEST_PATIENCE is not measured.
 */
export async function measurePatience(given = process.env.PGROVE_TEST_PATIENCE): Promise<number> {
  if (given !== undefined && given !== "") return parsePatience(given);
  const image = await ensurePlainImage();
  const times: number[] = [];
  for (let start = 0; start < STARTS; start++) times.push(await timeEmptyContainer(image));
  return patienceOf(times);
}

/** The factor that these start-up times ask for, with one digit. */
export function patienceOf(timesMs: readonly number[]): number {
  const median = timesMs.toSorted((a, b) => a - b)[Math.floor(timesMs.length / 2)] ?? 0;
  const factor = Math.min(MOST, Math.max(1, median / QUIET_START_MS));
  return Math.round(factor * 10) / 10;
}

async function timeEmptyContainer(image: string): Promise<number> {
  const began = performance.now();
  await runOk("docker", ["run", "--rm", image, "true"]);
  return performance.now() - began;
}
