/** Machines and what people do with them: hosts, addresses, URLs, user agents, shell commands, file paths. */
import * as v from "valibot";
import type { ByteSink } from "../entity.ts";
import { appendByte, appendDigits, appendHex, appendInteger } from "./append.ts";
import { appendBytes, encodeCopyText } from "./copy-text.ts";
import { drawBelow, drawBits, mixKeys } from "./mix.ts";
import { compileNetworks, countNetworks, NETWORK_OPTIONS, type Network, readNetwork } from "./networks.ts";
import { drawNumbered } from "./numbered.ts";
import { defineGenerator, type GeneratorDefinition, NO_OPTIONS, type OfRow } from "./site.ts";
import { appendWord, createWordTable, lazyWordTable } from "./word-table.ts";
import { EXTENSIONS, FOLDERS, HOST_ROLES, NOUNS, SHELL_COMMANDS, USER_AGENTS } from "./words-work.ts";

const [DOT, COLON, SLASH, HYPHEN] = [46, 58, 47, 45];

const ROLES = lazyWordTable(() => HOST_ROLES);
const WORDS = lazyWordTable(() => NOUNS);
const FOLDER_NAMES = lazyWordTable(() => FOLDERS);
const FILE_ENDINGS = lazyWordTable(() => EXTENSIONS);

/** Hosts of one role and word are numbered from 1 to this, in two digits. */
const HOSTS_EACH = 99;

/** Networks kept for documentation (RFC 5737), as the first three bytes, each of 256 addresses. */
const DOCUMENTATION_NETWORKS = [
  [192, 0, 2],
  [198, 51, 100],
  [203, 0, 113],
] as const;
const DOCUMENTATION_ADDRESSES = DOCUMENTATION_NETWORKS.length * 256;
const PRIVATE_ADDRESSES = 2 ** 24;

const IPV4_OPTIONS = v.strictObject({
  /** Documentation addresses look public and belong to nobody; private ones are those of 10.0.0.0/8. */
  network: v.optional(v.picklist(["documentation", "private"])),
  ...NETWORK_OPTIONS,
});

const IPV6_OPTIONS = v.strictObject(NETWORK_OPTIONS);

/** What is made where a network, or the length of its prefix, is asked for; undefined where neither is. */
function chosenNetwork({ within, prefix }: v.InferOutput<typeof IPV6_OPTIONS>, usual: string) {
  if (within === undefined && prefix === undefined) return undefined;
  const network: Network = readNetwork(within ?? usual) ?? { family: 4, base: 0n, length: 0 };
  return { within: network, prefix };
}

const PRIVATE_NETWORK = "10.0.0.0/8";
const DOCUMENTATION_IPV6 = "2001:db8::/32";

/** The address of an index: the networks for documentation first, then 10.0.0.0/8. */
function appendIpv4(out: ByteSink, index: number, isPrivate: boolean): void {
  const [a, b, c] = isPrivate
    ? [10, Math.floor(index / 65_536), Math.floor(index / 256) % 256]
    : (DOCUMENTATION_NETWORKS[Math.floor(index / 256)] ?? DOCUMENTATION_NETWORKS[0]);
  for (const byte of [a, b, c]) {
    appendInteger(out, byte);
    appendByte(out, DOT);
  }
  appendInteger(out, index % 256);
}

/** 2001:db8::/32 is kept for documentation (RFC 3849). */
function appendIpv6(out: ByteSink, prefix: Uint8Array, words: readonly number[]): void {
  appendBytes(out, prefix);
  words.forEach((word, index) => {
    if (index > 0) appendByte(out, COLON);
    appendHex(out, word >>> 16, 4);
    appendByte(out, COLON);
    appendHex(out, word, 4);
  });
}

function appendAgent(out: ByteSink, parts: readonly Uint8Array[], version: number): void {
  parts.forEach((part, index) => {
    if (index > 0) appendInteger(out, version);
    appendBytes(out, part);
  });
}

/** Browsers' versions go from this one on. */
const FIRST_VERSION = 110;
const VERSIONS = 30;

const UNPICKED_ROUND = 2;

/** The round's number, behind something that is distinct without it in the first round. */
function appendRound(out: ByteSink, number: number): void {
  if (number < UNPICKED_ROUND) return;
  appendByte(out, HYPHEN);
  appendInteger(out, number);
}

export const INTERNET: readonly GeneratorDefinition[] = [
  defineGenerator({
    name: "hostname",
    about: "hosts below example.test: api-harbor-07.example.test",
    options: NO_OPTIONS,
    compile(_, site) {
      const [roles, words] = [ROLES(), WORDS()];
      const { index, number } = drawNumbered(site, roles.count * words.count * HOSTS_EACH);
      const ending = encodeCopyText(".example.test");
      return {
        write(row, out) {
          const host = index(row);
          const pair = Math.floor(host / HOSTS_EACH);
          appendWord(out, roles, Math.floor(pair / words.count));
          appendByte(out, HYPHEN);
          appendWord(out, words, pair % words.count);
          appendByte(out, HYPHEN);
          appendDigits(out, (host % HOSTS_EACH) + 1, 2);
          appendRound(out, number(row));
          appendBytes(out, ending);
        },
      };
    },
  }),
  defineGenerator({
    name: "ipv4",
    about:
      "addresses that belong to nobody: those for documentation, or private ones (all that may not repeat); within: 10.1.0.0/16, and prefix: 24 for networks",
    options: IPV4_OPTIONS,
    fits: ["inet", "cidr"],
    space(options) {
      const chosen = chosenNetwork(options, PRIVATE_NETWORK);
      if (chosen !== undefined) return countNetworks(chosen);
      return options.network === "documentation" ? DOCUMENTATION_ADDRESSES : PRIVATE_ADDRESSES;
    },
    compile({ network, ...options }, site) {
      const chosen = chosenNetwork(options, PRIVATE_NETWORK);
      if (chosen !== undefined) return compileNetworks(chosen, site);
      const isPrivate = network === "private" || (network === undefined && site.distinct);
      const index = site.pick(isPrivate ? PRIVATE_ADDRESSES : DOCUMENTATION_ADDRESSES);
      return { write: (row, out) => appendIpv4(out, index(row), isPrivate) };
    },
  }),
  defineGenerator({
    name: "ipv6",
    about: "addresses within 2001:db8::/32, which is for documentation; within and prefix as of `ipv4`",
    options: IPV6_OPTIONS,
    fits: ["inet", "cidr"],
    space(options) {
      const chosen = chosenNetwork(options, DOCUMENTATION_IPV6);
      return chosen === undefined ? undefined : countNetworks(chosen);
    },
    compile(options, site) {
      const chosen = chosenNetwork(options, DOCUMENTATION_IPV6);
      if (chosen !== undefined) return compileNetworks(chosen, site);
      const prefix = encodeCopyText("2001:db8:");
      const keys = [mixKeys(site.key, 1), mixKeys(site.key, 2), site.key];
      return {
        write: (row, out) =>
          appendIpv6(
            out,
            prefix,
            keys.map((key) => drawBits(key, row)),
          ),
      };
    },
  }),
  defineGenerator({
    name: "mac",
    about: "hardware addresses of the locally administered kind",
    options: NO_OPTIONS,
    fits: ["macaddr"],
    compile(_, site) {
      const second = mixKeys(site.key, 1);
      return {
        write(row, out) {
          const bits = drawBits(site.key, row);
          appendHex(out, 0x02, 2);
          appendByte(out, COLON);
          appendHex(out, drawBits(second, row), 2);
          for (let shift = 24; shift >= 0; shift -= 8) {
            appendByte(out, COLON);
            appendHex(out, bits >>> shift, 2);
          }
        },
      };
    },
  }),
  defineGenerator({
    name: "url",
    about: "pages at example.com, example.net and example.org",
    options: NO_OPTIONS,
    compile(_, site) {
      const words = WORDS();
      const sites = createWordTable(["https://example.com/", "https://www.example.net/", "https://example.org/"]);
      const { index, number } = drawNumbered(site, sites.count * words.count * words.count);
      return {
        write(row, out) {
          const page = index(row);
          const pair = Math.floor(page / sites.count);
          appendWord(out, sites, page % sites.count);
          appendWord(out, words, Math.floor(pair / words.count));
          appendByte(out, SLASH);
          appendWord(out, words, pair % words.count);
          appendRound(out, number(row));
        },
      };
    },
  }),
  defineGenerator({
    name: "user_agent",
    about: "what browsers say of themselves",
    options: NO_OPTIONS,
    space: () => USER_AGENTS.length * VERSIONS,
    compile(_, site) {
      const agents = USER_AGENTS.map((agent) => agent.split("{n}").map(encodeCopyText));
      const index = site.pick(agents.length * VERSIONS);
      return {
        write(row, out) {
          const agent = index(row);
          appendAgent(out, agents[Math.floor(agent / VERSIONS)] ?? [], FIRST_VERSION + (agent % VERSIONS));
        },
      };
    },
  }),
  defineGenerator({
    name: "shell_command",
    about: "what people type into a terminal",
    options: NO_OPTIONS,
    space: () => SHELL_COMMANDS.length,
    compile(_, site) {
      const table = createWordTable(SHELL_COMMANDS);
      const index = site.pick(table.count);
      return { write: (row, out) => appendWord(out, table, index(row)) };
    },
  }),
  defineGenerator({
    name: "file_path",
    about: "absolute paths: two folders, a name and an ending",
    options: NO_OPTIONS,
    compile(_, site) {
      const [folders, words, endings] = [FOLDER_NAMES(), WORDS(), FILE_ENDINGS()];
      const { index, number } = drawNumbered(site, folders.count * words.count * words.count);
      const ending: OfRow<number> = (row) => drawBelow(mixKeys(site.key, 1), row, endings.count);
      return {
        write(row, out) {
          const path = index(row);
          const pair = Math.floor(path / folders.count);
          appendByte(out, SLASH);
          appendWord(out, folders, path % folders.count);
          appendByte(out, SLASH);
          appendWord(out, words, Math.floor(pair / words.count));
          appendByte(out, SLASH);
          appendWord(out, words, pair % words.count);
          appendRound(out, number(row));
          appendByte(out, DOT);
          appendWord(out, endings, ending(row));
        },
      };
    },
  }),
];
