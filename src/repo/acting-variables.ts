/**
 * Variables by which a program that reads the env file, or is started with its variables, runs or loads something else, or
 * talks to somebody else. Whole names, and `*` for whatever stands there.
 */
const ACTING = [
  ...["PATH", "HOME", "SHELL", "ENV", "BASH_ENV", "BASH_FUNC_*", "PROMPT_COMMAND", "PS4", "IFS", "ZDOTDIR", "FPATH"],
  ...["SHELLOPTS", "BASHOPTS", "INPUTRC", "GNUPGHOME", "TERMINFO"],
  ...["LD_*", "DYLD_*", "GCONV_PATH", "LOCPATH", "GLIBC_TUNABLES", "TMPDIR", "TMP", "TEMP", "XDG_*"],
  ...["NODE_OPTIONS", "NODE_PATH", "NODE_EXTRA_CA_CERTS", "NODE_TLS_REJECT_UNAUTHORIZED", "NODE_REPL_EXTERNAL_MODULE"],
  ...["TS_NODE_*", "TSX_*", "PRISMA_*_BINARY", "PRISMA_*_LIBRARY", "ESBUILD_BINARY_PATH", "PUPPETEER_EXECUTABLE_PATH"],
  ...["NVM_*", "VOLTA_*", "ASDF_*", "MISE_*", "PYENV_*", "RBENV_*", "RUSTUP_*"],
  ...["BUN_OPTIONS", "BUN_CONFIG_*", "DENO_*", "NPM_CONFIG_*", "YARN_*", "PNPM_*", "COREPACK_*"],
  ...[
    "PYTHON*",
    "PIP_*",
    "UV_*",
    "VIRTUAL_ENV",
    "PERL*",
    "RUBY*",
    "GEM_HOME",
    "GEM_PATH",
    "BUNDLE_*",
    "PHP_INI_*",
    "PHPRC",
  ],
  ...[
    "JAVA_HOME",
    "JAVA_TOOL_OPTIONS",
    "_JAVA_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "MAVEN_*",
    "GRADLE_*",
    "CLASSPATH",
    "LUA_*",
  ],
  ...["GOPATH", "GOROOT", "GOBIN", "GOENV", "GOFLAGS", "GOPROXY", "GONOSUMDB", "GONOSUMCHECK", "GOTOOLCHAIN", "CGO_*"],
  ...["CARGO_*", "RUSTC*", "RUSTFLAGS", "CC", "CXX", "MAKEFLAGS", "ERL_*", "ELIXIR_*", "MIX_HOME", "MIX_ARCHIVES"],
  ...["DOTNET_STARTUP_HOOKS", "DOTNET_ADDITIONAL_DEPS", "DOTNET_ROOT", "CORECLR_*", "COR_*", "PSMODULEPATH"],
  ...["GIT_*", "SSH_*", "EDITOR", "VISUAL", "PAGER", "MANPAGER", "BROWSER", "LESSOPEN", "LESSCLOSE", "SUDO_*"],
  ...["DOCKER_*", "COMPOSE_FILE", "COMPOSE_ENV_FILES", "CONTAINER_HOST", "KUBECONFIG", "PGROVE_*", "BACKUP_DIR"],
  ...["PSQLRC", "PSQL_EDITOR", "PSQL_PAGER", "PGSERVICE", "PGSERVICEFILE", "PGSYSCONFDIR", "PGPASSFILE", "OPENSSL_*"],
  ...[
    "PGHOSTADDR",
    "PGSSLROOTCERT",
    "PGSSLCERT",
    "PGSSLKEY",
    "PGSSLCRL*",
    "PGSSLKEYLOGFILE",
    "SSLKEYLOGFILE",
    "PGGSSLIB",
  ],
  ...["HISTFILE", "PSQL_HISTORY", "HOSTALIASES", "RES_OPTIONS", "LOCALDOMAIN", "KRB5*", "NETRC", "WGETRC", "NLSPATH"],
  ...["JAVA_OPTS", "CATALINA_OPTS", "JULIA_*", "R_PROFILE*", "R_ENVIRON*", "TCLLIBPATH", "ASPNETCORE_HOSTINGSTARTUP*"],
  ...["NODE_V8_COVERAGE", "MALLOC_TRACE", "QT_PLUGIN_PATH"],
  ...["SSL_CERT_*", "CURL_*", "REQUESTS_CA_BUNDLE", "*_PROXY", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"],
];

/** Whether a variable of that name does more than to be read by the project's own programs. */
export function isActing(name: string): boolean {
  const upper = name.toUpperCase(); // Windows knows Path
  return ACTING.some((each) => {
    const [before = "", behind] = each.toUpperCase().split("*");
    return behind === undefined ? upper === before : upper.startsWith(before) && upper.endsWith(behind);
  });
}
