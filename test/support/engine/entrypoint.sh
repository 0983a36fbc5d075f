#!/usr/bin/env bash
# What the official image's entrypoint does, for the images that the tests build themselves.
set -Eeuo pipefail
shopt -s nullglob

if [ "${1:0:1}" = "-" ]; then
	set -- postgres "$@"
fi

# NAME or NAME_FILE, else a default.
file_env() {
	local file_name="$1_FILE"
	if [ -n "${!file_name:-}" ]; then
		printf -v "$1" '%s' "$(<"${!file_name}")"
	fi
	printf -v "$1" '%s' "${!1:-${2:-}}"
	export "${1?}"
}

run_sql() {
	psql -v ON_ERROR_STOP=1 --no-password --no-psqlrc --username "$POSTGRES_USER" "$@"
}

run_init_files() {
	local file
	for file in /docker-entrypoint-initdb.d/*; do
		case "$file" in
			*.sh) if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
			*.sql) run_sql --dbname "$POSTGRES_DB" -f "$file" ;;
			*.sql.gz) gunzip -c "$file" | run_sql --dbname "$POSTGRES_DB" ;;
			*.sql.zst) zstd -dc "$file" | run_sql --dbname "$POSTGRES_DB" ;;
		esac
	done
}

init_cluster() {
	file_env POSTGRES_PASSWORD
	file_env POSTGRES_USER postgres
	file_env POSTGRES_DB "$POSTGRES_USER"
	file_env POSTGRES_INITDB_ARGS
	: "${POSTGRES_HOST_AUTH_METHOD:=}"
	if [ -z "$POSTGRES_PASSWORD" ] && [ "$POSTGRES_HOST_AUTH_METHOD" != "trust" ]; then
		echo >&2 "Error: Database is uninitialized and superuser password is not specified (POSTGRES_PASSWORD)."
		exit 1
	fi
	eval 'initdb --username="$POSTGRES_USER" --pwfile=<(printf "%s\n" "$POSTGRES_PASSWORD") '"$POSTGRES_INITDB_ARGS"
	printf '\nhost all all all %s\n' "${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >>"$PGDATA/pg_hba.conf"

	# The temporary server listens on the socket only, so that nobody takes it for the real one.
	NOTIFY_SOCKET='' pg_ctl -D "$PGDATA" -o "-c listen_addresses='' -p ${PGPORT:-5432}" -w start
	if [ "$POSTGRES_DB" != "postgres" ]; then
		run_sql --dbname postgres --set db="$POSTGRES_DB" <<<'CREATE DATABASE :"db";'
	fi
	run_init_files
	pg_ctl -D "$PGDATA" -m fast -w stop
	echo "PostgreSQL init process complete; ready for start up."
}

if [ "${1:-}" = "postgres" ]; then
	if [ "$(id -u)" = "0" ]; then
		mkdir -p "$PGDATA" /var/run/postgresql
		chmod 0700 "$PGDATA"
		chmod 3775 /var/run/postgresql
		find "$PGDATA" /var/run/postgresql \! -user postgres -exec chown postgres:postgres '{}' +
		export HOME=/var/lib/postgresql
		exec setpriv --reuid=postgres --regid=postgres --init-groups -- "$0" "$@"
	fi
	if [ ! -s "$PGDATA/PG_VERSION" ]; then
		init_cluster
	fi
fi

exec "$@"
