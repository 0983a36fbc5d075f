/** Env files mean to pgrove what they mean to docker compose. Some in `npm test`; in the thorough form, thousands. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { parseEnv } from "../../../src/config/env-file.ts";
import { ensureCompose } from "../../support/engine/compose.ts";
import { runOk } from "../../support/engine/run.ts";
import { trials } from "../../support/property.ts";

const COUNT = 25;
let folder: string;

beforeAll(async () => {
  await ensureCompose();
  folder = await mkdtemp(join(tmpdir(), "pgrove-compose-env-"));
  await writeFile(join(folder, "compose.yaml"), "services: {a: {image: x, env_file: [given.env]}}\n");
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** What compose makes of the file; in its answer a dollar sign is doubled. */
async function readByCompose(text: string): Promise<Record<string, string>> {
  await writeFile(join(folder, "given.env"), text);
  const said = await runOk("docker", ["compose", "config", "--format", "json"], { cwd: folder });
  const document = JSON.parse(said) as { services: { a: { environment: Record<string, string> } } };
  const read = Object.entries(document.services.a.environment);
  return Object.fromEntries(read.map(([name, value]) => [name, value.replaceAll("$$", "$")]));
}

const word = fc.stringMatching(/^[a-zA-Z0-9.,/@%_]{0,6}$/);
/** Signs that mean nothing by themselves; a `#` is behind a blank or not. */
const plain = fc.stringMatching(/^[a-zA-Z0-9.,/@%=:+?~!^&*()[\]#;<>|-]{1,8}( [a-zA-Z0-9#]{1,3})?$/);

/** A reference to one of the variables before, or to none, in a form that every version of compose reads. */
function reference(index: number) {
  const name =
    index === 0
      ? fc.constant("NONE")
      : fc.oneof(
          fc.nat(index - 1).map((n) => `V${n}`),
          fc.constant("NONE"),
        );
  const instead = fc.oneof(
    word,
    fc.tuple(name, word).map(([inner, rest]) => `\${${inner}:-${rest}}`),
  );
  return fc.oneof(
    fc.tuple(name, fc.constantFrom(":-", "-"), instead).map(([n, operator, rest]) => `\${${n}${operator}${rest}}`),
    fc.tuple(name, fc.constantFrom(":+", "+"), word).map(([n, operator, rest]) => `\${${n}${operator}${rest}}`),
    name.map((n) => `\${${n}}`),
    name.map((n) => (n === "NONE" ? "$$" : `$${n}/`)),
  );
}

function assignment(index: number) {
  const parts = (each: fc.Arbitrary<string>) => fc.array(each, { maxLength: 2 }).map((all) => all.join(""));
  const unquoted = fc.tuple(parts(fc.oneof(plain, word)), reference(index), fc.constantFrom("", "  ", " # end"));
  const inDouble = fc.oneof(
    plain,
    reference(index),
    fc.constantFrom("\\n", "\\t", '\\"', "\\\\", "\\$", "'", " ", "\n"),
  );
  const inSingle = fc.oneof(plain, fc.constantFrom("$", `\${V0}`, "$V0", "\\n", '"', " ", "\n", "\\'"));
  const value = fc.oneof(
    plain,
    unquoted.map((all) => all.join("")),
    fc.tuple(parts(inDouble), fc.constantFrom("", " # end")).map(([inside, end]) => `"${inside}"${end}`),
    fc.tuple(parts(inSingle), fc.constantFrom("", " # end")).map(([inside, end]) => `'${inside}'${end}`),
  );
  const form = fc.constantFrom("=", "= ", " = ", ": ");
  return fc
    .tuple(fc.constantFrom("", "", "export "), form, value, fc.constantFrom("\n", "\r\n", "\n\n# a comment\n"))
    .map(([before, sign, written, end]) => {
      const line = `${before}V${index}${sign}${written}${end}`;
      return isOurOwn(line) ? `V${index}=x\n` : line;
    });
}

/** Where we differ on purpose: behind a blank a `#` begins a comment also where nothing stands before it. */
const isOurOwn = (line: string) => /^(?:export )?V\d+(?:= |: | = )\s*#/.test(line);

test("one reading", async () => {
  const files = fc.tuple(...Array.from({ length: COUNT }, (_, index) => assignment(index)));
  const property = fc.asyncProperty(files, async (lines) => {
    const text = lines.join("");
    expect(parseEnv(text)).toEqual(await readByCompose(text));
  });
  await fc.assert(property, trials(12, 1000));
});
