/** Takes one text out of bytes that come piece by piece. */
export class CutOut {
  private held: Buffer = Buffer.alloc(0);
  private text: Buffer | undefined;

  /** From here on the text is looked for. */
  expect(text: string): void {
    this.text = Buffer.from(text);
  }

  /** The piece without the text; what may be its beginning is held back. */
  pass(piece: Uint8Array): Uint8Array {
    if (this.text === undefined) return piece;
    const bytes = Buffer.concat([this.held, piece]);
    const at = bytes.indexOf(this.text);
    if (at >= 0) {
      const rest = bytes.subarray(at + this.text.length);
      [this.text, this.held] = [undefined, Buffer.alloc(0)];
      return Buffer.concat([bytes.subarray(0, at), rest]);
    }
    const from = findBeginning(bytes, this.text);
    this.held = bytes.subarray(from);
    return bytes.subarray(0, from);
  }

  /** What was held back to the last. */
  rest(): Uint8Array {
    const { held } = this;
    this.held = Buffer.alloc(0);
    return held;
  }
}

/** Where the bytes' end may be the text's beginning; their length where it is not. */
function findBeginning(bytes: Buffer, text: Buffer): number {
  const first = text.subarray(0, 1);
  let at = bytes.indexOf(first, Math.max(0, bytes.length - text.length + 1));
  while (at >= 0 && !text.subarray(0, bytes.length - at).equals(bytes.subarray(at))) at = bytes.indexOf(first, at + 1);
  return at < 0 ? bytes.length : at;
}
