/** For whom a dump is encrypted: public keys (`age1…`), or whoever knows a passphrase. */
export type Readers = { recipients: readonly string[] } | { passphrase: string };

/** What encrypts dumps, and opens encrypted ones. Each is found when it is first asked for. */
export interface DumpKeys {
  /** For whom dumps are encrypted; undefined: they are not. Throws (exit 3, 4, 5) where that cannot be read or is not approved. */
  readers(): Promise<Readers | undefined>;
  /** Whether the manifest of an encrypted dump says the tables' names all the same. */
  namesTables: boolean;
  /** The secret keys that there are (`AGE-SECRET-KEY-1…`). Throws (exit 3, 4) where a file of them cannot be read. */
  identities(): Promise<readonly string[]>;
  /** The passphrase of that dump; undefined where none is set and nobody is there to ask. */
  passphrase(dump: string): Promise<string | undefined>;
}
