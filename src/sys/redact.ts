/** A password may hold `@`: what stands between two of them, without a slash, belongs to it. Of the signs before it one may be missing. */
const PASSWORD_IN_URL = /(\b[a-z][a-z0-9+.:-]*(?::\/\/|:\/|\/\/)[^\s:@/]*:)([^\s@]+(?:@[^\s@/"',]+(?=@))*)(@)/gi;
/** The same without what a URL begins with, where a host and a database stand behind it; an image's digest is neither. */
const PASSWORD_BEFORE_HOST = /(?<![\w.:/@+-])([\w.-]+:)([^\s:@/"'`,;]+)(@(?!sha\d+:)[\w.-]+(?::\d+)?\/)/gi;
/** The parameters of a URL. The name may be percent-encoded, as libpq allows; `"` ends a value where JSON would. */
const PARAMETER = /([?&])([^=&\s?#"']+)=((?:\\.|[^&\s"\\]|"(?![\s,}\]:]|$))*)/g;
const PASSWORD_IN_CONNINFO =
  /\b(\w*(?:password|passfile))(\s*=\s*)('(?:[^'\\]|\\.)*'|(?:\\.|[^\s&"\\]|"(?![\s,}\]:]|$))+)/gi;
const PASSWORD_IN_SQL = /(\bpassword\s+)(?:[eu]&?)?'(?:[^'\\]|\\.|'')*'/gi;

const SECRET_NAME = /passw|passfile|^pass$|secret|token|api_?key|credential|signature/i;

/** Passwords that hide nothing, and that blanked out would garble every sentence with the same word in it. */
const PLAIN_WORDS = new Set(["postgres", "postgresql", "password", "secret", "admin", "root", "test", "dev", "local"]);

/** Secrets up to this length are found in every other word: blanked out wherever they stand they would garble all texts. */
const SHORT = 2;

const escapeRegex = (text: string) => text.replace(/[\\^$.|?*+()[\]{}/-]/g, "\\$&");

/** A short secret where it is a value by itself: all of the text, or behind `:` or `=`, quoted or not, or before an `@`. */
function redactShort(text: string, secret: string): string {
  if (text === secret) return "***";
  const value = escapeRegex(secret);
  const behind = `(?<=[:=]\\s?["']?)${value}(?=$|[\\s@&"',;)\\]}])`;
  return text.replace(new RegExp(`${behind}|(?<![\\w$])${value}(?=@)`, "g"), "***");
}

/**
 * Text with its secrets replaced by `***`: the given ones wherever they stand (those of one or two characters where they are
 * values by themselves), and passwords in URLs, connection strings
 * and SQL. Everything that goes to a log, the journal or an error passes through here.
 */
export function redact(text: string, secrets: readonly string[] = []): string {
  let redacted = text;
  for (const secret of [...secrets].sort((a, b) => b.length - a.length)) {
    if (secret === "" || PLAIN_WORDS.has(secret)) continue;
    redacted = secret.length > SHORT ? redacted.replaceAll(secret, "***") : redactShort(redacted, secret);
  }
  return redacted
    .replace(PASSWORD_IN_URL, "$1***$3")
    .replace(PASSWORD_BEFORE_HOST, "$1***$3")
    .replace(PARAMETER, (whole, sign, name) => (isSecretName(name) ? `${sign}${name}=***` : whole))
    .replace(PASSWORD_IN_CONNINFO, "$1$2***")
    .replace(PASSWORD_IN_SQL, "$1'***'");
}

/** The passwords that stand in a URL or a connection string, as they are written there and as they are meant. */
export function passwordsIn(text: string): string[] {
  const found = [
    ...[...text.matchAll(PASSWORD_IN_URL)].map(([, , password]) => password ?? ""),
    ...[...text.matchAll(PARAMETER)].flatMap(([, , name = "", value = ""]) => (isSecretName(name) ? [value] : [])),
    ...[...text.matchAll(PASSWORD_IN_CONNINFO)].map(([, , , value = ""]) => value.replace(/^'(.*)'$/s, "$1")),
  ];
  return [...new Set(found.flatMap((each) => [each, decodeLeniently(each), each.replace(/\\(.)/g, "$1")]))].filter(
    (each) => each !== "",
  );
}

function isSecretName(name: string): boolean {
  return SECRET_NAME.test(decodeLeniently(name));
}

function decodeLeniently(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
