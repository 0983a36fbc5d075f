/** What every kind of remote can do: a bucket, a folder, another machine. Names in it are `HOST/FILE`. */
import type { RemoteKind } from "../config/schema-remote.ts";
import type { Operation, OperationTools } from "../sys/operation.ts";

/** Something that lies there whole. */
export interface RemoteObject {
  name: string;
  sizeBytes: number;
  modifiedAt: Date;
  /** Which one it is: another one of that name has another. */
  tag: string;
}

/** A file of this machine, and what its bytes are to be. */
export interface CheckedFile {
  path: string;
  sizeBytes: number;
  /** In hex. */
  sha256: string;
}

/** Some bytes of something: from there on, to its end or so many. */
export interface BytePart {
  from: number;
  length?: number;
}

/** The operation that puts a file somewhere. */
export interface PutWork extends Pick<Operation, "remember"> {
  /** Told how much is there by now. */
  report(bytes: number): void;
}

export interface Remote {
  readonly kind: RemoteKind;
  /** For people: `s3://bucket/prefix/project`. */
  readonly label: string;
  /** Where a thing of that name lies, for people. */
  place(name: string): string;
  /** Everything of this project, of whatever machine. */
  list(): Promise<RemoteObject[]>;
  /** What is there under that name. */
  find(name: string): Promise<RemoteObject | undefined>;
  /** Small things; those that are not there are left out. */
  readTexts(names: readonly string[]): Promise<Map<string, string>>;
  /** Hands over the bytes of that part, one piece after the other; tried once. */
  read(name: string, part: BytePart, take: (piece: Uint8Array) => Promise<void>): Promise<void>;
  /**
   * Puts the file there, and resolves when the remote says that it has all of it, as it is. What a push that was cut short has
   * left is gone on with. Resolves as well when just that is there; throws (exit 5) for anything else, and (exit 1) when the file
   * is not what it is to be: nothing is there under the name then.
   */
  putFile(name: string, file: CheckedFile, work: PutWork): Promise<void>;
  /** Puts a small thing there. Unless it may `replace` one, throws (exit 5) where another one is. */
  putText(name: string, text: string, replace: boolean): Promise<void>;
  /** Removes it, where it is there. */
  remove(name: string): Promise<void>;
}

/** What a remote works with. */
export type RemoteTools = Pick<OperationTools, "abort" | "note" | "runner" | "clock">;
