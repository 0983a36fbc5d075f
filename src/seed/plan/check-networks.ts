/** What checks say of addresses: `ip << '10.0.0.0/8'`, `family(ip) = 6`, `masklen(net) = 24`. */
import type { Node } from "../../sql/parser.ts";
import { readNetwork } from "../generate/networks.ts";
import type { ColumnRule } from "../rules.ts";
import { callOf, columnOf, constantOf } from "./check-nodes.ts";

const INSIDE: ReadonlySet<string> = new Set(["<<", "<<=", "&&"]);
const AROUND: ReadonlySet<string> = new Set([">>", ">>="]);

/** `ip <<= '10.0.0.0/8'`, and the other way round; `net >> '10.1.2.3'`: one of the networks around that. */
export function readInside(
  left: Node,
  operator: string,
  right: Node,
): { column: string; rule: ColumnRule } | undefined {
  const isMirrored = columnOf(left) === undefined;
  const column = columnOf(isMirrored ? right : left);
  const written = constantOf(isMirrored ? left : right);
  const network = written === undefined ? undefined : readNetwork(written);
  if (column === undefined || written === undefined || network === undefined) return undefined;
  if ((isMirrored ? AROUND : INSIDE).has(operator) || operator === "&&")
    return { column, rule: { network: { within: written } } };
  if (!(isMirrored ? INSIDE : AROUND).has(operator) || network.family === 6) return undefined;
  const address = written.replace(/\/.*/, "").split(".");
  const around = [8, 16, 24].filter((length) => length < network.length);
  const oneOf = around.map((length) => {
    const kept = address.map((byte, at) => (at < length / 8 ? byte : "0"));
    return `${kept.join(".")}/${length}`;
  });
  return oneOf.length === 0 ? undefined : { column, rule: { oneOf } };
}

/** `family(ip) = 4`, `masklen(net) BETWEEN 16 AND 24` */
export function readNetworkPart(
  left: Node,
  operator: string,
  value: number,
): { column: string; rule: ColumnRule } | undefined {
  const call = callOf(left);
  const column = columnOf(call?.args[0]);
  if (column === undefined || !Number.isInteger(value)) return undefined;
  if (call?.name === "family") {
    const family = operator === "=" ? value : operator === "<>" ? 10 - value : 0;
    return family === 4 || family === 6 ? { column, rule: { network: { family } } } : undefined;
  }
  if (call?.name !== "masklen") return undefined;
  if (operator === "=") return { column, rule: { network: { least: value, most: value } } };
  if (operator === ">" || operator === ">=")
    return { column, rule: { network: { least: operator === ">" ? value + 1 : value } } };
  if (operator === "<" || operator === "<=")
    return { column, rule: { network: { most: operator === "<" ? value - 1 : value } } };
  return undefined;
}
