/** A password may hold `@`: what stands between two of them, without a slash, belongs to it. */
const PASSWORD_IN_URL = /(\b[a-z][a-z0-9+.-]*:\/\/[^\s:@/]*:)([^\s@]+(?:@[^\s@/"',]+(?=@))*)(@)/gi;
const PASSWORD_IN_CONNINFO = /\b(\w*(?:password|passfile))(\s*=\s*)('(?:[^'\\]|\\.)*'|[^\s&]+)/gi;

/** Passwords that hide nothing, and that blanked out would garble every sentence with the same word in it. */
const PLAIN_WORDS = new Set(["postgres", "postgresql", "password", "secret", "admin", "root", "test", "dev", "local"]);

/**
 * Text with its secrets replaced by `***`: the given ones wherever they stand, and passwords in URLs and
 * connection strings. Everything that goes to a log, the journal or an error passes through here.
 */
export function redact(text: string, secrets: readonly string[] = []): string {
  let redacted = text;
  for (const secret of [...secrets].sort((a, b) => b.length - a.length)) {
    if (secret !== "" && !PLAIN_WORDS.has(secret)) redacted = redacted.replaceAll(secret, "***");
  }
  return redacted.replace(PASSWORD_IN_URL, "$1***$3").replace(PASSWORD_IN_CONNINFO, "$1$2***");
}
