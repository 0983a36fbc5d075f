import { describe, expect, test } from "bun:test";
import { EndProof, type ScriptEnd, ScriptReader } from "../../../src/sql/end-proof.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** In pieces of that many bytes. */
async function* piecesOf(text: string, size = 7): AsyncGenerator<Uint8Array> {
  const all = bytes(text);
  for (let at = 0; at < all.length; at += size) yield all.slice(at, at + size);
}

/** What psql is fed behind the script. */
async function behind(text: string, proof = new EndProof()): Promise<string> {
  let fed = "";
  for await (const piece of proof.follow(piecesOf(text))) fed += new TextDecoder().decode(piece);
  expect(fed).toStartWith(text);
  return fed.slice(text.length);
}

function endOf(text: string): ScriptEnd {
  const reader = new ScriptReader();
  for (let at = 0; at < text.length; at += 3) reader.add(bytes(text.slice(at, at + 3)));
  return reader.finish();
}

test.each<[ScriptEnd, string]>([
  ["commands", ""],
  ["commands", "select 1;"],
  ["commands", "select 1"],
  ["commands", "insert into s values ("],
  ["commands", "select 1 -- it's"],
  ["commands", "\\echo it's"],
  ["commands", "copy s from stdin;\n'\n\\.\n"],
  ["commands", "copy s from stdin;\na\n\\."],
  ["commands", "copy s to stdout;\n"],
  ["rows", "copy s from stdin;"],
  ["rows", "copy s from stdin;\n"],
  ["rows", "copy s from stdin csv;\na\n'b"],
  ["rows", "\\copy s from pstdin\na"],
  ["rows", "copy s from stdin \\g\na"],
  ["rows", "\\echo a \\\\ copy s from stdin;\na"],
  ["quoted", "select 'a"],
  ["quoted", 'select "a'],
  ["quoted", "do $x$ begin"],
  ["quoted", "select 1 /* a /* b */"],
  ["restricted", "\\restrict key\nselect 1;\n"],
  ["commands", "\\restrict key\nselect 1;\n\\unrestrict key\n"],
  ["quoted", "\\restrict key\nselect '"],
])("the end is one of %s: %j", (end, text) => {
  expect(endOf(text)).toBe(end);
});

describe("what is fed behind a script", () => {
  test("begins a line of its own, without an empty one", async () => {
    expect(await behind("select 1")).toMatch(/^\n\\warn pgrove-end-[0-9a-f]{32}\n$/);
    expect(await behind("select 1\n")).toMatch(/^\\warn pgrove-end-[0-9a-f]{32}\n$/);
    expect(await behind("")).toMatch(/^\\warn \S+\n$/);
  });

  test("is another word each time", async () => {
    expect(await behind("select 1\n")).not.toBe(await behind("select 1\n"));
  });

  test("is nothing where something quoted is open, or no command is obeyed", async () => {
    expect(await behind("select 'a")).toBe("");
    expect(await behind("\\restrict key\n")).toBe("");
  });

  test("are rows that no COPY takes where rows may be open, which are comments else", async () => {
    const [warn, ...rows] = (await behind("copy s from stdin;\na\n")).trimEnd().split("\n");
    const nonce = warn?.replace("\\warn ", "");
    expect(rows.map((row) => row.slice(0, 4 + (nonce?.length ?? 0)))).toEqual([`-- ${nonce}\x01`, `-- "${nonce}`]);
  });

  test("opens a script that was sealed", async () => {
    const proof = new EndProof({ sealed: true });
    const [flag, seal = ""] = proof.args;
    expect(flag).toBe("-c");
    const key = /^\\restrict ([0-9a-f]{32})$/.exec(seal)?.[1];
    expect(await behind("-- complete\n", proof)).toStartWith(`\n\\unrestrict ${key}\n\\warn `);
  });
});

describe("what psql says", () => {
  async function proving(text: string) {
    const proof = new EndProof();
    const nonce = (await behind(text, proof)).replace(/^\n?\\warn /, "").trimEnd();
    return { proof, nonce };
  }

  test("the word is nobody else's, and proves the end", async () => {
    const { proof, nonce } = await proving("select 1;\n");
    expect(proof.isGiven).toBe(false);
    expect(proof.sift("NOTICE: pgrove-end-0")).toBe("NOTICE: pgrove-end-0");
    expect(proof.isGiven).toBe(false);
    expect(proof.sift(nonce)).toBeUndefined();
    expect(proof.isGiven).toBe(true);
  });

  test("what stands before it on its line stays", async () => {
    const { proof, nonce } = await proving("\\warn -n hi\n");
    expect(proof.sift(`hi${nonce}`)).toBe("hi");
    expect(proof.isGiven).toBe(true);
  });

  test.each([
    ["select 1 / 0", 1],
    ["select 1\n/ 0\n", 2],
    ["", 1],
  ])("of our own line is said of the script's last one: %j", async (text, last) => {
    const { proof } = await proving(text);
    expect(proof.sift(`psql:<stdin>:${last + 1}: ERROR:  x`)).toBe(`psql:<stdin>:${last}: ERROR:  x`);
    expect(proof.sift("psql:<stdin>:1: ERROR:  x")).toBe("psql:<stdin>:1: ERROR:  x");
  });

  test("a script that ends psql itself needs no proof", async () => {
    expect((await proving("select 1;\n\\q\n")).proof.isGiven).toBe(true);
    expect((await proving("select 1;\n\\quit\n")).proof.isGiven).toBe(true);
    expect((await proving("select '\n\\q\n';\n\\qecho x\n")).proof.isGiven).toBe(false);
  });
});
