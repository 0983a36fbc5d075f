/**
 * A core dump of a process holds its memory, and so passwords. pgrove leaves none, nor do its children, who take the limit
 * over; one that wants to can lift it. Where the kernel hands dumps to a program, whatever the limit, it leaves pgrove's out.
 */
import { dlopen, FFIType, ptr } from "bun:ffi";

/** The C library of Linux with glibc and with musl, and of macOS. */
export const C_LIBRARIES = [
  "libc.so.6",
  `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`,
  "libSystem.B.dylib",
];

const LIMIT = { args: [FFIType.i32, FFIType.ptr], returns: FFIType.i32 };
const FUNCTIONS = { getrlimit: LIMIT, setrlimit: LIMIT };
const LINUX_FUNCTIONS = { prctl: { args: [FFIType.i32, ...Array(4).fill(FFIType.u64)], returns: FFIType.i32 } };

/** The same number on Linux and macOS. */
const RLIMIT_CORE = 4;
const PR_SET_DUMPABLE = 4;

/** Does what the system lets it do; none of it is worth failing for. */
export function preventCoreDumps(): void {
  if (process.platform !== "linux" && process.platform !== "darwin") return;
  for (const library of C_LIBRARIES) {
    try {
      const { symbols } = dlopen(library, FUNCTIONS);
      const limits = new BigUint64Array(2); // the limit, and up to where it may be lifted
      if (symbols.getrlimit(RLIMIT_CORE, ptr(limits)) === 0) {
        limits[0] = 0n;
        symbols.setrlimit(RLIMIT_CORE, ptr(limits));
      }
      if (process.platform === "linux") dlopen(library, LINUX_FUNCTIONS).symbols.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
      return;
    } catch {
      // Another system's name.
    }
  }
}
