/**
 * While a child has the terminal, Ctrl-C is the child's: it reaches both processes, and pgrove has to outlive psql's
 * cancelled query. Resolves as the body does.
 */
export async function withoutInterrupts<T>(body: () => Promise<T>): Promise<T> {
  const ignore = () => undefined;
  process.on("SIGINT", ignore);
  try {
    return await body();
  } finally {
    process.off("SIGINT", ignore);
  }
}
