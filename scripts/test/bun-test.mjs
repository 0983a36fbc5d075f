// The command line of `bun test` for a part of the tests.

/** How many tests of one file run at once, where it allows that: more of them would only make each last longer. */
const TESTS_AT_ONCE = 4;
const TIMEOUT_MS = 180_000;
const LONG_TIMEOUT_MS = 1_800_000;

/** `patience` says how many times longer than on a quiet machine a test may take; bun takes whole milliseconds only. */
export function argumentsOfBunTest({ patience, long, reportPath, files }) {
  const timeoutMs = long ? LONG_TIMEOUT_MS : Math.ceil(TIMEOUT_MS * patience);
  return [
    "test",
    `--timeout=${timeoutMs}`,
    `--max-concurrency=${TESTS_AT_ONCE}`,
    "--reporter=junit",
    `--reporter-outfile=${reportPath}`,
    ...files.map((file) => `./${file}`),
  ];
}
