/** What is read of the tables as JSON: versions as text, since a number of JavaScript holds 53 bits. */

const LARGEST_VERSION = 2n ** 63n - 1n;

/** Versions as their table writes them. What is no number, or too large for one of pgrove's, is passed over. */
export function parseVersions(value: unknown): { version: bigint; digits: string }[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((digits) => {
    if (typeof digits !== "string" || !/^\d+$/.test(digits)) return [];
    const version = BigInt(digits);
    return version > LARGEST_VERSION ? [] : [{ version, digits }];
  });
}
