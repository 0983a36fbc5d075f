/** The parameters of connection URLs: libpq's own, and those that only other programs know. */
import { quoteIdentifier } from "./identifier.ts";

/**
 * libpq's parameters beside the address, the login and the database, each with the environment variable that stands for
 * it; empty where there is none. Then the value only stays in the URL.
 */
export const LIBPQ_PARAMETERS: Readonly<Record<string, string>> = {
  passfile: "PGPASSFILE",
  channel_binding: "PGCHANNELBINDING",
  connect_timeout: "PGCONNECT_TIMEOUT",
  client_encoding: "PGCLIENTENCODING",
  options: "PGOPTIONS",
  application_name: "PGAPPNAME",
  fallback_application_name: "",
  keepalives: "",
  keepalives_idle: "",
  keepalives_interval: "",
  keepalives_count: "",
  tcp_user_timeout: "",
  gssencmode: "PGGSSENCMODE",
  krbsrvname: "PGKRBSRVNAME",
  gsslib: "PGGSSLIB",
  gssdelegation: "PGGSSDELEGATION",
  sslmode: "PGSSLMODE",
  sslnegotiation: "PGSSLNEGOTIATION",
  sslcompression: "PGSSLCOMPRESSION",
  sslcert: "PGSSLCERT",
  sslkey: "PGSSLKEY",
  sslcertmode: "PGSSLCERTMODE",
  sslrootcert: "PGSSLROOTCERT",
  sslcrl: "PGSSLCRL",
  sslsni: "PGSSLSNI",
  ssl_min_protocol_version: "PGSSLMINPROTOCOLVERSION",
  ssl_max_protocol_version: "PGSSLMAXPROTOCOLVERSION",
  target_session_attrs: "PGTARGETSESSIONATTRS",
  load_balance_hosts: "PGLOADBALANCEHOSTS",
  min_protocol_version: "PGMINPROTOCOLVERSION",
  max_protocol_version: "PGMAXPROTOCOLVERSION",
};

/** libpq's words for the address, the login and the database, with their variables. */
export const ADDRESS_PARAMETERS: Readonly<Record<string, string>> = {
  host: "PGHOST",
  hostaddr: "PGHOSTADDR",
  port: "PGPORT",
  user: "PGUSER",
  password: "PGPASSWORD",
  dbname: "PGDATABASE",
  service: "PGSERVICE",
};

/** What pgrove's own sessions could not keep as libpq does, so that it is refused: why, or what to do in its place. */
export const REFUSED_PARAMETERS: Readonly<Record<string, string>> = {
  sslpassword: "use a key file without a passphrase, readable by you alone",
  sslcrldir: "name one file with sslcrl",
  sslkeylogfile: "leave it out",
  requiressl: "write sslmode=require",
  requirepeer: "leave it out; file permissions keep others from the socket's folder",
  require_auth: "leave it out; sslmode=verify-full makes sure of the server",
  replication: "leave it out: no SQL runs in a replication connection",
  scram_client_key: "use the password, or ~/.pgpass",
  scram_server_key: "use the password, or ~/.pgpass",
  oauth_issuer: "use a login with a password or a certificate",
  oauth_client_id: "use a login with a password or a certificate",
  oauth_client_secret: "use a login with a password or a certificate",
  oauth_scope: "use a login with a password or a certificate",
};

/** The values that libpq takes; the others are mistakes. */
export const PARAMETER_VALUES: Readonly<Record<string, readonly string[]>> = {
  sslmode: ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"],
  sslnegotiation: ["postgres", "direct"],
  sslcertmode: ["disable", "allow", "require"],
  channel_binding: ["disable", "prefer", "require"],
  gssencmode: ["disable", "prefer"],
  target_session_attrs: ["any", "read-write", "read-only", "primary", "standby", "prefer-standby"],
  load_balance_hosts: ["disable", "random"],
  ssl_min_protocol_version: ["", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"],
  ssl_max_protocol_version: ["", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"],
};

/** Parameters that programs and their libraries put into the same URL, and that libpq would refuse. */
const OF_PROGRAMS: Readonly<Record<string, string>> = {
  prisma:
    "schema connection_limit pool_timeout socket_timeout pgbouncer statement_cache_size sslidentity sslaccept single_use_connections max_connection_lifetime max_idle_connection_lifetime",
  "postgres.js, node-postgres, knex, TypeORM":
    "ssl uselibpqcompat encoding binary max min max_lifetime idle_timeout prepare fetch_types publications keepAlive keep_alive idleTimeoutMillis connectionTimeoutMillis query_timeout pool",
  "pgx, lib/pq, golang-migrate":
    "pool_max_conns pool_min_conns pool_min_idle_conns pool_max_conn_lifetime pool_max_conn_lifetime_jitter pool_max_conn_idle_time pool_health_check_period default_query_exec_mode statement_cache_mode statement_cache_capacity description_cache_capacity binary_parameters disable_prepared_binary_result sslinline",
  "run-time settings, which these send":
    "search_path statement_timeout lock_timeout idle_in_transaction_session_timeout idle_session_timeout transaction_timeout timezone TimeZone datestyle DateStyle intervalstyle IntervalStyle extra_float_digits role",
  SQLAlchemy:
    "async_fallback prepared_statement_cache_size prepared_statement_name_func command_timeout server_settings statement_timeout",
  Django: "conn_max_age conn_health_checks disable_server_side_cursors",
  "Active Record, Sequel":
    "timeout checkout_timeout reaping_frequency idle_timeout prepared_statements advisory_locks schema_search_path min_messages insert_returning statement_limit pool_size max_threads max_connections min_connections",
  Ecto: "pool_size socket_options queue_target queue_interval ssl_opts",
  Doctrine: "serverVersion charset",
  Npgsql: "pooling",
  JDBC: "currentSchema sslfactory sslfactoryarg sslhostnameverifier ApplicationName prepareThreshold preparedStatementCacheQueries preparedStatementCacheSizeMiB reWriteBatchedInserts stringtype targetServerType loginTimeout connectTimeout socketTimeout cancelSignalTimeout tcpKeepAlive defaultRowFetchSize assumeMinServerVersion autosave binaryTransfer loggerLevel readOnly hostRecheckSeconds loadBalanceHosts protocolVersion quoteReturningIdentifiers preferQueryMode escapeSyntaxCallMode allowEncodingChanges logUnclosedConnections",
  "hosts of databases": "supa workaround pgbouncer project endpoint",
};

const KNOWN_EXTRAS = new Set(Object.values(OF_PROGRAMS).flatMap((names) => names.split(" ")));

/** Whether the parameter is one that another program reads. golang-migrate's begin with `x-`. */
export function isProgramsParameter(name: string): boolean {
  return KNOWN_EXTRAS.has(name) || name.startsWith("x-");
}

/** Every name that may stand in a URL, for suggestions. */
export function parameterNames(): string[] {
  return [...Object.keys(ADDRESS_PARAMETERS), ...Object.keys(LIBPQ_PARAMETERS), ...KNOWN_EXTRAS];
}

/** What `ssl=` means to the libraries that have it, in libpq's words; undefined for what none of them says. */
export function sslModeOf(value: string): string | undefined {
  const same: Record<string, string> = { true: "require", "1": "require", "": "require", "no-verify": "require" };
  const off: Record<string, string> = { false: "disable", "0": "disable", off: "disable", no: "disable" };
  const mode = same[value] ?? off[value] ?? value;
  return PARAMETER_VALUES.sslmode?.includes(mode) ? mode : undefined;
}

/** By which names the libraries read the search_path of their sessions, the last one first in rank. */
const PATH_NAMES = ["schema", "schema_search_path", "currentSchema", "search_path"];
const USUAL_SCHEMA = "public";

/**
 * libpq's `options` for the schema that other programs are led into by their own parameters; undefined where that is the
 * usual one. Prisma's names one schema as it is, and counts not where a pooler takes no options.
 */
export function optionsOfPrograms(extras: Readonly<Record<string, string>>): string | undefined {
  const name = PATH_NAMES.findLast((each) => extras[each]?.trim());
  const path = name === undefined ? USUAL_SCHEMA : (extras[name]?.trim() ?? "");
  if (path === USUAL_SCHEMA) return undefined;
  if (name !== "schema") return searchPathOption(path);
  if (extras.pgbouncer === "true") return undefined;
  return searchPathOption(/^[a-z_][a-z0-9_]*$/.test(path) ? path : quoteIdentifier(path));
}

function searchPathOption(path: string): string {
  return `-csearch_path=${path.replace(/[\s\\]/g, "\\$&")}`;
}

/** What of these has no word of libpq's, and so is left out for it. */
export function listUntranslated(extras: Readonly<Record<string, string>>): string[] {
  const said = new Set(["ssl", "sslmode", ...(optionsOfPrograms(extras) === undefined ? [] : PATH_NAMES)]);
  return Object.keys(extras).filter((name) => !said.has(name));
}
