/** What a column's name tells of its values. */

/** A generator as it would be written in a factory file. */
export interface Wanted {
  name: string;
  options?: Readonly<Record<string, unknown>>;
}

export type ValueKind = "text" | "number" | "time";

interface Telling {
  /** Of the name in lower case, its words divided by `_`. */
  name: RegExp;
  kind: ValueKind;
  wanted: Wanted;
  /** Values of it look like this: what a check's pattern is tried on. */
  sample?: string;
  /** Text of fewer characters does not hold it. */
  least?: number;
}

const text = (name: RegExp, wanted: string | Wanted, sample?: string, least?: number): Telling => ({
  ...{ name, kind: "text" as const, wanted: typeof wanted === "string" ? { name: wanted } : wanted },
  ...(sample === undefined ? {} : { sample }),
  ...(least === undefined ? {} : { least }),
});

const oneOf = (...values: string[]): Wanted => ({ name: "one_of", options: { values } });

const number = (name: RegExp, min: number, max: number, distribution?: string): Telling => ({
  ...{ name, kind: "number" as const },
  wanted: { name: "int", options: { min, max, ...(distribution === undefined ? {} : { distribution }) } },
});

const time = (name: RegExp, from: string, to: string): Telling => ({
  ...{ name, kind: "time" as const, wanted: { name: "time", options: { from, to } } },
});

/** The first that fits holds. */
const TELLING: readonly Telling[] = [
  text(/(^|_)e_?mail(_address)?$/, "email", "ada.lovelace7@example.test"),
  text(/(^|_)(user_?name|login|handle|nick(_?name)?|screen_name)$/, "username", "ada.lovelace7"),
  text(/^(first|given|fore)_?name$/, "first_name", "Ada"),
  text(/^(last|family|sur)_?name$/, "last_name", "Lovelace"),
  text(
    /^(full_?name|display_?name|(person|customer|contact|author|owner|recipient|billing|shipping)_name)$/,
    "name",
    "Ada Lovelace",
  ),
  text(
    /(^|_)(password|passwd|pwd)(_?(hash|digest))?$|^(hashed|encrypted)_password$/,
    "argon2_hash",
    "$argon2id$v=19$m=65536",
    60,
  ),
  text(/(^|_)(sha256|checksum|digest|token|secret|api_key|hash)$/, "sha256", "9f86d081884c7d659a2feaa0c55ad015"),
  text(/(^|_)(phone|mobile|telephone|fax)(_number)?$/, "phone", "+1-202-555-0142"),
  text(/(^|_)(company|organi[sz]ation|employer|vendor|supplier|manufacturer)(_name)?$/, "company", "Blue River Ltd"),
  text(/(^|_)(street|address_line_?[12]?|street_address)$/, "street", "12 Mill Lane"),
  text(/(^|_)(postal_|billing_|shipping_)?address$/, "address", "12 Mill Lane, 10115 Berlin", 20),
  text(/(^|_)(city|town)(_name)?$/, "city", "Lisbon"),
  text(/(^|_)(postcode|post_code|zip|zip_?code|postal_code)$/, "postcode", "10115"),
  text(/(^|_)country_code$/, "country_code", "PT"),
  text(/(^|_)country(_name)?$/, "country", "Portugal", 4),
  text(/(^|_)country$/, "country_code", "PT"),
  text(/(^|_)(state|province|county)(_name)?$/, "state", "Bavaria", 4),
  text(/(^|_)(host|host_?name|server|server_name|domain|fqdn)$/, "hostname", "web-01.example.test"),
  text(/(^|_)(ip|ip_?addr(ess)?|ipv4|remote_addr)$/, "ipv4", "192.0.2.17"),
  text(/(^|_)ipv6$/, "ipv6", "2001:db8::1"),
  text(/(^|_)(mac|mac_?addr(ess)?)$/, "mac", "02:00:5e:10:00:01"),
  text(/(^|_)(url|uri|link|website|homepage|web_site|web_page)$/, "url", "https://www.example.com/a/b"),
  text(/(^|_)user_agent$/, "user_agent", "Mozilla/5.0 (X11; Linux x86_64)", 20),
  text(/(^|_)(ssh_)?public_key$/, "ssh_public_key", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5", 90),
  text(/(^|_)(command|cmd|command_line)$/, "shell_command", "git status"),
  text(/(^|_)(path|file_?path|file|filename|file_name|directory|folder|cwd|dir)$/, "file_path", "/srv/app/main.py"),
  text(/(^|_)(currency|currency_code)$/, "currency", "EUR", 3),
  text(/(^|_)locale$/, "locale", "pt-BR", 5),
  text(/(^|_)(language|language_code|lang)$/, oneOf("en", "de", "fr", "es", "pt", "ja"), "en", 2),
  text(/(^|_)(time_?zone|tz)$/, "time_zone", "Europe/Berlin", 16),
  text(/(^|_)colou?r$/, "color", "red", 6),
  text(/(^|_)(job_?title|job|occupation|profession)$/, "job_title", "Carpenter"),
  text(/(^|_)product(_name)?$/, "product", "Wooden Chair"),
  text(/(^|_)status$/, oneOf("new", "active", "done", "failed"), "active", 6),
  text(/(^|_)(title|subject|headline|caption|summary)$/, "heading", "Quiet river stone"),
  text(
    /(^|_)(description|bio|about|body|content|message|comment|note|notes|details|excerpt|text)$/,
    "text",
    "The quiet river turns.",
  ),
  number(/(^|_)(price|amount|total|subtotal|cost|fee|balance|salary|revenue|budget|tax)$/, 1, 1000),
  number(/(^|_)(quantity|qty|count|attempts|retries|version|stock|num_\w+)$/, 1, 20, "zipf"),
  number(/(^|_)age$/, 18, 90),
  number(/(^|_)port$/, 1024, 65_535),
  number(/(^|_)year$/, 1990, 2030),
  number(/(^|_)(percent|percentage|pct|progress)$/, 0, 100),
  number(/(^|_)(rating|stars)$/, 1, 5),
  number(/^(lat|latitude)$/, -90, 90),
  number(/^(lon|lng|longitude)$/, -180, 180),
  number(/(^|_)(position|sort_order|rank|priority)$/, 1, 100),
  number(/(^|_)(width|height|rows|columns|cols)$/, 20, 200),
  number(/(^|_)(duration|elapsed|latency)(_ms)?$/, 1, 60_000, "exponential"),
  number(/(^|_)(size|bytes|size_bytes|length)$/, 1, 1_000_000, "exponential"),
  time(/^(birth_?date|birthday|date_of_birth|dob|born(_on|_at)?)$/, "-29200d", "-6600d"),
  time(/(^|_)(expires|expiry|due|ends|valid_(to|until)|renews)(_at|_on|_date)?$/, "now", "+365d"),
  time(
    /(^|_)(created|inserted|registered|joined|signed_up|ordered|placed|published|started|updated|modified|changed|last_\w+)(_at|_on|_date|_time)?$/,
    "-365d",
    "now",
  ),
];

/** `createdAt`, `Created-At` → `created_at`. */
function divideWords(name: string): string {
  return name
    .replace(/(\p{Ll}|\p{N})(\p{Lu})/gu, "$1_$2")
    .replace(/[^\p{L}\p{N}]+/gu, "_")
    .toLowerCase();
}

/** What the name tells of values of that kind: the first that `suits`, of which a value may be looked at. */
export function findByName(
  name: string,
  kind: ValueKind,
  suits: (telling: Pick<Telling, "sample" | "least">) => boolean = () => true,
): Wanted | undefined {
  const divided = divideWords(name);
  return TELLING.find((each) => each.kind === kind && each.name.test(divided) && suits(each))?.wanted;
}

/** The column that a time of this name cannot lie before: `updated_at` comes after `created_at`. */
export function findEarlier(name: string, columns: readonly string[]): string | undefined {
  if (!LATER.test(divideWords(name))) return undefined;
  return columns.find((column) => EARLIER.test(divideWords(column)) && column !== name);
}

const LATER =
  /(^|_)(updated|modified|changed|edited|finished|ended|completed|closed|delivered|shipped|paid|last_\w+)(_at|_on|_date|_time)?$/;
const EARLIER = /(^|_)(created|inserted|registered|joined|signed_up|ordered|placed|started)(_at|_on|_date|_time)?$/;
