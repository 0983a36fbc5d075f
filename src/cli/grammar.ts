/** What a command line may hold, as data. */

export interface OptionSpec {
  /** Long form, without the dashes. */
  name: string;
  /** One letter. */
  short?: string;
  /** What the value is called in the help; left out, the option is a plain flag. */
  value?: string;
  /** The value may be left out, as in `--latest [SOURCE]`. */
  optionalValue?: boolean;
  repeatable?: boolean;
  choices?: readonly string[];
  /** The value is a whole number, from `min` on. */
  number?: { min: number; max?: number };
  /** `--target` means the same as this option. */
  target?: boolean;
  about: string;
}

export interface PositionalSpec {
  /** In capitals, as the help shows it. */
  name: string;
  required?: boolean;
  /** Takes all that follow. */
  rest?: boolean;
  /** `--target` means the same as this argument. */
  target?: boolean;
  /** May be a number with a minus: `-1` is then no option. */
  negative?: boolean;
  about: string;
}

/** The part of a command's declaration that parsing needs. */
export interface Grammar {
  positionals: readonly PositionalSpec[];
  options: readonly OptionSpec[];
  /** `--target` is understood, though no argument or option of its own means the same. */
  takesTarget?: boolean;
  /** What may follow `--`, as the help shows it; left out, nothing may. */
  after?: string;
}
