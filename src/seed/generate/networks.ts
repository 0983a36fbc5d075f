/** Addresses and networks within a network, of both families: `10.1.2.3`, `10.1.2.0/24`, `2001:db8::1`. */
import * as v from "valibot";
import type { ByteSink } from "../entity.ts";
import { appendByte, appendHex, appendInteger } from "./append.ts";
import type { Cell, CellSite } from "./site.ts";

export interface Network {
  family: 4 | 6;
  /** Its first address as a number. */
  base: bigint;
  /** How many bits all of its addresses have in common. */
  length: number;
}

const BITS = { 4: 32, 6: 128 } as const;
const [DOT, COLON, SLASH] = [46, 58, 47];
const BYTE_BITS = 8;
const GROUP_BITS = 16;
const GROUPS = 8;

/** A network or an address as PostgreSQL prints it; undefined for anything else. */
export function readNetwork(written: string): Network | undefined {
  const [, address = "", suffix] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(written) ?? [];
  const family = address.includes(":") ? 6 : 4;
  const number = family === 4 ? readIpv4(address) : readIpv6(address);
  const length = Number(suffix ?? BITS[family]);
  if (number === undefined || length > BITS[family]) return undefined;
  const open = BigInt(BITS[family] - length);
  return { family, base: (number >> open) << open, length };
}

function readIpv4(address: string): bigint | undefined {
  const bytes = address.split(".");
  if (bytes.length !== 4 || !bytes.every((byte) => /^\d{1,3}$/.test(byte) && Number(byte) < 256)) return undefined;
  return bytes.reduce((number, byte) => (number << BigInt(BYTE_BITS)) + BigInt(byte), 0n);
}

function readIpv6(address: string): bigint | undefined {
  const halves = address.split("::");
  const [before = [], behind = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = GROUPS - before.length - behind.length;
  if (halves.length > 2 || missing < 0 || (halves.length === 1 && missing !== 0)) return undefined;
  const groups = [...before, ...Array<string>(missing).fill("0"), ...behind];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return groups.reduce((number, group) => (number << BigInt(GROUP_BITS)) + BigInt(`0x${group}`), 0n);
}

/** The options of both families' generators. */
export const NETWORK_OPTIONS = {
  /** The network that the addresses are in. */
  within: v.optional(
    v.pipe(
      v.string(),
      v.check((written) => readNetwork(written) !== undefined, "must be a network: 10.0.0.0/8, 2001:db8::/32"),
    ),
  ),
  /** Networks of that many bits are made in place of addresses. */
  prefix: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(BITS[6]))),
};

interface Choice {
  within: Network;
  prefix: number | undefined;
}

/** More different ones than these are not wanted. */
const MOST_BITS = 32;

/** How many bits differ from one to the other. */
function openBits({ within, prefix }: Choice): number {
  return Math.min(MOST_BITS, (prefix ?? BITS[within.family]) - within.length);
}

export function countNetworks(choice: Choice): number {
  return 2 ** Math.max(0, openBits(choice));
}

/** Addresses within the network, or networks of `prefix` bits. Throws where the network has no room for them. */
export function compileNetworks(choice: Choice, site: CellSite): Cell {
  const { within, prefix } = choice;
  const bits = BITS[within.family];
  if ((prefix ?? bits) > bits || openBits(choice) < 0) {
    throw site.mistake(`a network of ${prefix} bits has no place in one of ${within.length}`);
  }
  const shift = BigInt(bits - (prefix ?? bits));
  const index = site.pick(countNetworks(choice));
  const append = within.family === 4 ? appendIpv4 : appendIpv6;
  return {
    write(row, out) {
      append(out, within.base + (BigInt(index(row)) << shift));
      if (prefix === undefined) return;
      appendByte(out, SLASH);
      appendInteger(out, prefix);
    },
  };
}

function appendIpv4(out: ByteSink, address: bigint): void {
  for (let shift = BITS[4] - BYTE_BITS; shift >= 0; shift -= BYTE_BITS) {
    appendInteger(out, Number((address >> BigInt(shift)) & 0xffn));
    if (shift > 0) appendByte(out, DOT);
  }
}

function appendIpv6(out: ByteSink, address: bigint): void {
  for (let shift = BITS[6] - GROUP_BITS; shift >= 0; shift -= GROUP_BITS) {
    appendHex(out, Number((address >> BigInt(shift)) & 0xffffn), 4);
    if (shift > 0) appendByte(out, COLON);
  }
}
