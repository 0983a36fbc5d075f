/** The forms in which a variable says where its database is, as texts for `env.set` that keep them. */

export const URL_PARTS = /^((?:jdbc:|r2dbc:)?[a-z0-9+_-]+:)(?:\/\/([^/?#]*))?\/?([^/?#]*)(\?.*)?$/i;

export function databaseOf(url: string): string {
  return URL_PARTS.exec(url)?.[3] ?? "";
}

/** The URL as a template: its form stays, and what it says beside the place. */
export function templateOf(url: string): string {
  const [, scheme = "", , , query = ""] = URL_PARTS.exec(url) ?? [];
  const kept = escapeBraces(withoutAddress(query));
  if (/^postgres(ql)?:$/i.test(scheme)) return `{url}${kept}`;
  const place = "{host}:{port}/{database}";
  if (/^(jdbc|r2dbc):/i.test(scheme)) {
    const login = kept.replace(/([?&]user=)[^&]*/, "$1{user}").replace(/([?&]password=)[^&]*/, "$1{password}");
    return `${scheme}//${place}${login}`;
  }
  return `${scheme}//{user}:{password}@${place}${kept}`;
}

/** The query without what would lead past the URL's own place, such as a socket's folder. */
function withoutAddress(query: string): string {
  const pairs = query.slice(1).split("&");
  const kept = pairs.filter((pair) => pair !== "" && !/^(?:host|hostaddr|port|dbname)=/.test(pair)).join("&");
  return kept === "" ? "" : `?${kept}`;
}

export function hostOf(url: string): string | undefined {
  return /^(?:[^@]*@)?([^@:]*)(?::\d*)?$/.exec(URL_PARTS.exec(url)?.[2] ?? "")?.[1];
}

export function escapeBraces(text: string): string {
  return text.replace(/[{}]/g, "$&$&");
}

const PAIRS = /(?<=^|\s)(host|port|dbname|user|password)(\s*=\s*)('(?:[^'\\]|\\.)*'|\S*)|[{}]/g;

/** What leads to the server has to be there: libpq's own defaults lead to another one. */
export function templateOfPairs(value: string): string {
  const missing = ["host", "port"].filter((name) => !new RegExp(`(?:^|\\s)${name}\\s*=`).test(value));
  return [...missing.map((name) => `${name}={${name}}`), value.replace(PAIRS, replacePair)].join(" ");
}

function replacePair(whole: string, name: string | undefined, equals: string): string {
  if (name === undefined) return whole + whole;
  const place = name === "dbname" ? "database" : name;
  return `${name}${equals}{${place}}`;
}
