/** Whether somebody sits at a stream. */
import { fstatSync, statSync } from "node:fs";
import { devNull } from "node:os";

/**
 * Whether a descriptor is a terminal; false of one that is closed. `node:tty` is asked only where it may be one: that module
 * brings streams and sockets along, which takes as long as starting does.
 */
export function isTerminal(descriptor: number): boolean {
  return mayBeTerminal(descriptor) && process.getBuiltinModule("node:tty").isatty(descriptor);
}

function mayBeTerminal(descriptor: number): boolean {
  if (process.platform === "win32") return true; // a console has no kind there
  try {
    const found = fstatSync(descriptor);
    return found.isCharacterDevice() && found.rdev !== statSync(devNull, { throwIfNoEntry: false })?.rdev;
  } catch {
    return false;
  }
}
