import { describe, expect, test } from "bun:test";
import { meetsPatterns, readLanguage, type TextPattern } from "../../../../src/seed/pattern/language.ts";

/** Numbers of texts all along the language. */
function sample(count: bigint): bigint[] {
  const steps = count < 40n ? count : 40n;
  return Array.from({ length: Number(steps) }, (_, at) => (BigInt(at) * count) / steps);
}

/** Patterns that mean the same to PostgreSQL and to JavaScript, which is asked whether the texts match. */
const PATTERNS = [
  "^[A-Z]{3}-[0-9]{4}$",
  "^(foo|ba[rz]){2,}$",
  "^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$",
  "^(\\+\\d{1,3})?\\d{4,14}$",
  "^[^@\\s]+@[^@\\s]+\\.[a-z]{2,}$",
  "^#(?:[0-9a-fA-F]{3}){1,2}$",
  "^(?=.*[A-Z])(?=.*\\d)(?!.*x).{8,}$",
  "^\\d{4}-(0[1-9]|1[0-2])$",
  "^https?://[^/]+/.*\\.(png|jpe?g)$",
  "[A-Z]{2}",
  "^[\\w.+-]+$",
  "^a|b$",
  "^$|^x{0,2}y?$",
  "^[0-9a-f]{64}$",
];

describe("texts of a pattern", () => {
  test.each(PATTERNS)("%s", (regex) => {
    const language = readLanguage([{ regex }]);
    if (language === undefined) throw new Error("it was not read");
    const texts = sample(language.count).map((index) => language.textAt(index));
    expect(texts.filter((text) => !new RegExp(regex, "u").test(text))).toEqual([]);
    expect(texts.filter((text) => !meetsPatterns([{ regex }], text))).toEqual([]);
    expect(new Set(texts).size).toBe(texts.length);
  });

  test.each([
    ["^[A-C][0-9]$", 30n],
    ["^(a|b|ab)c?$", 6n],
    ["^[[:digit:]]{2}$", 100n],
    ["(?i)^x[yz]$", 2n],
    ["^a{2,}$", 9n],
  ])("%s has %p", (regex, count) => {
    expect(readLanguage([{ regex }])?.count).toBe(count);
  });

  test("all of several, none of others, within lengths", () => {
    const patterns: TextPattern[] = [
      ...["[A-Z]", "[0-9]", "[^A-Za-z0-9]"].map((regex) => ({ regex })),
      { regex: "(.)\\1".replace("\\1", "0"), negated: true },
    ];
    const language = readLanguage(patterns, { minLength: 8, maxLength: 10 });
    if (language === undefined) throw new Error("it was not read");
    for (const index of sample(language.count)) {
      const text = language.textAt(index);
      expect(text).toMatch(/^(?=.*[A-Z])(?=.*[0-9])(?=.*[^A-Za-z0-9])(?!.*.0).{8,10}$/u);
    }
  });

  test("what stands anywhere in a text has more texts where many are wanted", () => {
    const regex = "^https?://";
    expect(readLanguage([{ regex }])?.count).toBe(2n);
    expect(readLanguage([{ regex }], { many: true })?.count).toBeGreaterThan(1_000_000n);
  });

  test.each(["(a)\\1", "\\mword\\M", "a(?=b)", "(?<=a)b", "[[.hyphen.]]", "(", "a{2", "***=x"])(
    "%s is read or left alone",
    (regex) => {
      const language = readLanguage([{ regex }]);
      if (language !== undefined) expect(language.textAt(0n)).toBe(regex);
    },
  );

  test("no text meets what contradicts itself", () => {
    expect(readLanguage([{ regex: "^a+$" }, { regex: "b" }])).toBeUndefined();
    expect(readLanguage([{ regex: "^[a-z]{5}$" }], { maxLength: 4 })).toBeUndefined();
  });
});
