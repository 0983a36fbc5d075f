import { describe, expect, test } from "bun:test";
import { PgroveError } from "../../../src/errors.ts";
import { type Consent, type Loss, requireConsent } from "../../../src/resolve/protection.ts";

const loss: Loss = {
  target: { label: "main", name: "main", protected: false },
  what: "database onyx (45.3 MB) of main is replaced",
  command: "pgrove restore a.dump",
};
const guarded: Loss = {
  ...loss,
  target: { label: "production (.env.production)", name: "production", environment: "production", protected: true },
  instead: "pgrove restore a.dump --into-new onyx_check     looks at it beside",
};

/** Somebody at a terminal who answers as told; without answers, nobody. */
function consent(options: { yes?: boolean; confirm?: string; answers?: { yes?: boolean; word?: string } } = {}) {
  const asked: string[] = [];
  const given: Consent = {
    yes: options.yes ?? false,
    confirm: options.confirm,
    prompt: {
      available: options.answers !== undefined,
      confirm: async (question) => {
        asked.push(question);
        return options.answers?.yes ?? false;
      },
      word: async (question) => {
        asked.push(question);
        return options.answers?.word ?? "";
      },
    },
  };
  return { given, asked };
}

async function refused(what: Loss, given: Consent): Promise<PgroveError> {
  const error = await requireConsent(what, given).then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (!(error instanceof PgroveError)) throw new Error("it was agreed to");
  expect(error.exit).toBe(5);
  return error;
}

describe("an ordinary target", () => {
  test("--yes is enough, and nobody is asked", async () => {
    const { given, asked } = consent({ yes: true, answers: {} });
    await requireConsent(loss, given);
    expect(asked).toEqual([]);
  });

  test("on a terminal the question says what is lost; yes goes on, no refuses", async () => {
    const agreed = consent({ answers: { yes: true } });
    await requireConsent(loss, agreed.given);
    expect(agreed.asked).toEqual(["database onyx (45.3 MB) of main is replaced. Go on?"]);
    expect((await refused(loss, consent({ answers: { yes: false } }).given)).code).toBe("consent");
  });

  test("with nobody to ask it refuses, and the hint is the command with --yes", async () => {
    const error = await refused(loss, consent().given);
    expect(error.code).toBe("consent");
    expect(error.message).toContain("database onyx (45.3 MB) of main is replaced");
    expect(error.hint).toBe("pgrove restore a.dump --yes");
  });
});

describe("what cannot be taken back", () => {
  const typed: Loss = { ...loss, target: { ...loss.target, name: "onyx" }, typed: "this cannot be taken back" };

  test("takes a name, typed or after --confirm: neither --yes nor another name does", async () => {
    for (const given of [consent({ yes: true }), consent({ yes: true, confirm: "main" })]) {
      const error = await refused(typed, given.given);
      expect([error.code, error.hint]).toEqual(["consent", "pgrove restore a.dump --confirm onyx"]);
      expect(error.message).toStartWith("this cannot be taken back");
    }
    await requireConsent(typed, consent({ confirm: "onyx" }).given);
    await requireConsent(typed, consent({ answers: { word: " onyx " } }).given);
    await refused(typed, consent({ yes: true, answers: { yes: true, word: "yes" } }).given);
  });
});

describe("a protected target", () => {
  test("--yes is not enough", async () => {
    const error = await refused(guarded, consent({ yes: true }).given);
    expect(error.code).toBe("protected");
    expect(error.message).toBe("production is protected; database onyx (45.3 MB) of main is replaced");
    expect(error.hint?.split("\n")).toEqual([
      "pgrove restore a.dump --into-new onyx_check     looks at it beside",
      "pgrove restore a.dump --confirm production",
    ]);
  });

  test("its name, after --confirm or typed, is", async () => {
    await requireConsent(guarded, consent({ confirm: "production" }).given);
    await requireConsent(guarded, consent({ answers: { word: " production " } }).given);
  });

  test("another name is not", async () => {
    expect((await refused(guarded, consent({ confirm: "staging" }).given)).message).toContain(
      "--confirm names staging",
    );
    expect((await refused(guarded, consent({ yes: true, answers: { word: "yes" } }).given)).code).toBe("consent");
    expect((await refused(guarded, consent({ answers: {} }).given)).code).toBe("consent");
  });
});
