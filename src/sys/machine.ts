/** Which machine this is, and who works on it: what one cannot see may be there for the other. */
import { createHash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname, uptime } from "node:os";
import { userName } from "./operation.ts";

/** Who has looked, and from where. */
export interface Observer {
  /** `laptop-3f2c1ab9`. */
  machine: string;
  user: string;
  uid: number;
}

/** Where two of them are to count as one, as a container and its host may, both are given this. */
const NAME_VARIABLE = "PGROVE_MACHINE";
/** The process namespace of a machine itself; those of containers have other numbers. */
const MACHINES_OWN = "pid:[4026531836]";

/** The one that looks now. */
export function thisObserver(environment: Readonly<Record<string, string | undefined>> = process.env): Observer {
  return { machine: environment[NAME_VARIABLE] || nameMachine(), user: userName(), uid: process.getuid?.() ?? -1 };
}

/** Whether both see the same. Of whom nothing is known may have seen anything. */
export function isSameObserver(a: Partial<Observer> | undefined, b: Observer): boolean {
  return a !== undefined && a.machine === b.machine && a.uid === b.uid;
}

/** The host's name alone does not do: images and laptops share names, and a container may have its host's. */
function nameMachine(): string {
  const pids = tryRead(() => readlinkSync("/proc/self/ns/pid"));
  const isContainer = pids !== "" && pids !== MACHINES_OWN;
  const told = [tryRead(() => readFileSync("/etc/machine-id", "utf8")).trim(), hostname(), String(isContainer)];
  const hash = createHash("sha256").update(JSON.stringify(told)).digest("hex");
  return `${hostname()}-${hash.slice(0, 8)}`;
}

/** A point in time, by the clock and by the machine's own count, which nobody sets. */
export interface Moment {
  now: Date;
  /** Which run of the machine; "" where that cannot be told. */
  boot: string;
  /** How long that has lasted. */
  upMs: number;
}

export function momentOf(now: Date): Moment {
  const boot = tryRead(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8")).trim();
  return { now, boot, upMs: Math.round(uptime() * 1000) };
}

function tryRead(read: () => string): string {
  try {
    return read();
  } catch {
    return ""; // other systems have no such file
  }
}
