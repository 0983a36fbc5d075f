/** A manifest comes with a dump, from whoever made it: it is shown as it is, or it is none. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { dumpDocument, renderDump, renderList } from "../../../src/cli/answers/dumps.ts";
import { formatManifest, type Manifest, parseManifest } from "../../../src/dump/manifest.ts";
import { sampleManifest } from "../../support/manifest.ts";
import { mutatedJsonText } from "../../support/mutated.ts";
import { trials } from "../../support/property.ts";

const whole: Manifest = sampleManifest({
  ...{ schema: "s", roles: ["r"], tablespaces: ["t"], note: "n", signature: "x", adopted: false },
  extensions: [{ name: "citext", version: "1.6", schema: "public" }],
  tables: [{ schema: "public", name: "users", rows: 3, exact: true, bytes: 8192 }],
  git: { commit: "0123", branch: "main" },
});

test("whatever is taken for one can be shown, and comes back as it was", () => {
  expect(parseManifest(formatManifest(whole))).toEqual(whole);
  const property = fc.property(mutatedJsonText(whole), (text) => {
    const manifest = parseManifest(text);
    if (manifest === undefined) return;
    const dump = { name: "x", path: "/x", sizeBytes: 1, modifiedAt: new Date(0), manifest };
    const authored = { dump, author: "foreign", results: [] } as const;
    renderList([authored], new Date());
    renderDump(authored);
    JSON.stringify(dumpDocument(authored));
    expect(parseManifest(formatManifest(manifest))).toEqual(manifest);
  });
  fc.assert(property, trials(300, 30_000));
});
