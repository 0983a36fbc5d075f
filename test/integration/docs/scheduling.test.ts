/** The examples of docs/scheduling.md, each read by the program that it is for, and every pgrove command in them by pgrove. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { isGroup, requireCommand } from "../../../src/cli/command-tree.ts";
import { findCommandWord, parseCommand } from "../../../src/cli/parse.ts";
import { root } from "../../../src/cli/root.ts";
import { loadConfig } from "../../../src/config/load-config.ts";
import { readPage } from "../../support/docs-page.ts";
import { unpackPackage } from "../../support/engine/apt.ts";
import { run } from "../../support/engine/run.ts";

const { block, blocks } = readPage("scheduling.md");
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pgrove-scheduling-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

describe("systemd", () => {
  const verify = async (service: string) => {
    const own = Bun.which("systemd-analyze");
    const unpacked = own === null ? await unpackPackage("systemd") : ""; // on a machine without it
    const file = own ?? join(unpacked, "usr/bin/systemd-analyze");
    const env = own === null ? { LD_LIBRARY_PATH: join(unpacked, "usr/lib/x86_64-linux-gnu/systemd") } : {};
    // The program has to be there; which one, systemd does not care.
    const runnable = service.replaceAll("/usr/local/bin/pgrove", process.execPath).replace("User=deploy", "User=root");
    const units = [write("pgrove-shop.service", runnable), write("pgrove-shop.timer", block("ini", 1))];
    const { code, stderr } = await run(file, ["verify", ...units], { env });
    return { code, complaints: stderr.split("\n").filter((line) => line.includes("pgrove-shop")) };
  };

  test("the units are understood", async () => {
    expect(await verify(block("ini"))).toEqual({ code: 0, complaints: [] });
  });

  test("a key that it does not know would be found", async () => {
    const { complaints } = await verify(block("ini").replace("TimeoutStartSec", "TimeoutStartSecs"));
    expect(complaints.join()).toContain("TimeoutStartSecs");
  });
});

/** Of a plist as XML what stands in it, in the order of the document: enough of a reader for arrays and dictionaries of texts. */
function readPlist(text: string): Map<string, string[]> {
  const values = new Map<string, string[]>();
  let key = "";
  const open: string[] = [];
  for (const [, end, tag = "", content] of text.matchAll(/<(\/?)([a-z]+)[^>]*>([^<]*)/gi)) {
    if (end) {
      if (open.pop() !== tag) throw new Error(`</${tag}> ends what it did not begin`);
    } else {
      open.push(tag);
      if (tag === "key") key = content ?? "";
      else if (tag === "string" || tag === "integer") values.set(key, [...(values.get(key) ?? []), content ?? ""]);
    }
  }
  if (open.length > 0) throw new Error(`<${open.at(-1)}> does not end`);
  return values;
}

test("launchd: the plist is well-formed, and its arguments are a command of pgrove's", async () => {
  const text = block("xml");
  const list = readPlist(text);
  expect(list.get("Label")).toEqual(["example.pgrove.shop"]);
  expect(list.get("Hour")).toEqual(["3"]);
  await requireCommandLine(list.get("ProgramArguments") ?? []);
  expect(() => readPlist(text.replace("</array>", ""))).toThrow();
});

test("Kubernetes: two documents, with a pgrove.yaml and a command that pgrove understands", async () => {
  const documents = parseAllDocuments(block("yaml", 1));
  expect(documents.map(({ errors }) => errors)).toEqual([[], []]);
  const [config, job] = documents.map((document) => document.toJS());
  expect([config.kind, job.kind, job.apiVersion]).toEqual(["ConfigMap", "CronJob", "batch/v1"]);
  const environment = { DATABASE_URL: "postgres://u:p@db/shop", PING_URL: "https://ping.example/x" };
  const loaded = await loadConfig(write("pgrove.yaml", config.data["pgrove.yaml"]), { environment });
  expect(loaded.config.dumps.after_success?.ping).toBe(environment.PING_URL);
  const [container] = job.spec.jobTemplate.spec.template.spec.containers;
  await requireCommandLine(container.command);
  expect(container.volumeMounts.map(({ mountPath }: { mountPath: string }) => mountPath)).toContain(
    container.workingDir,
  );
});

/** Throws where pgrove would not understand it: the program, and what follows it. */
async function requireCommandLine([program = "", ...words]: readonly string[]): Promise<void> {
  expect(program).toEndWith("pgrove");
  const take = (from: readonly string[]) => {
    const place = findCommandWord(from);
    if (place === undefined) throw new Error(`no command in: ${from.join(" ")}`);
    return { word: from[place] ?? "", rest: from.toSpliced(place, 1) };
  };
  const first = take(words);
  const { entry } = requireCommand(root, first.word, "pgrove");
  if (!isGroup(entry)) return void parseCommand(first.rest, await entry());
  const second = take(first.rest);
  const inner = requireCommand(entry, second.word, `pgrove ${first.word}`).entry;
  if (isGroup(inner)) throw new Error(`${second.word} is a group`);
  parseCommand(second.rest, await inner());
}

test("every command line of the page is one", async () => {
  const lines = ["sh", "ini", "crontab"]
    .flatMap(blocks)
    .join("\n")
    .matchAll(/(?:^|=|\s)(\S*\bpgrove) (-C [^#\n]+)/gm);
  const all = [...lines].map(([, program = "", words = ""]) => [program, ...words.trim().split(/\s+/)]);
  expect(all).toHaveLength(6);
  for (const line of all) await requireCommandLine(line);
  await expect(requireCommandLine(["pgrove", "-C", "shop", "dump", "--purne"])).rejects.toThrow("--purne");
});
