/** Encrypts a dump while it is written. */
import type { Readers } from "../../sys/dump-keys.ts";
import { makeHeader } from "./header.ts";
import { PayloadSealer } from "./payload.ts";

/** Where encrypted bytes go. */
type Put = (bytes: Uint8Array) => Promise<void>;

export interface AgeWriter {
  fileKey: Uint8Array;
  write(bytes: Uint8Array): Promise<void>;
  /** Writes what is left: without it the file is a cut-off one. */
  end(): Promise<void>;
}

/** An age file for those readers. Nothing is put before something is written. */
export async function openAgeWriter(readers: Readers, put: Put): Promise<AgeWriter> {
  const { bytes: header, fileKey } = await makeHeader(readers);
  const sealer = new PayloadSealer(fileKey);
  let begun = false;
  return {
    fileKey,
    write: async (bytes) => {
      if (!begun) await put(Buffer.concat([header, sealer.nonce]));
      begun = true;
      for (const sealed of sealer.add(bytes)) await put(sealed);
    },
    end: async () => {
      if (begun) await put(sealer.end());
    },
  };
}
