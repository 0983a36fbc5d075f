/**
 * How long the processor works for the body, in ms. Unlike the clock's time it does not grow because others are at work:
 * what must cost nothing is measured by it.
 */
export async function cpuMsOf(body: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await body();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
