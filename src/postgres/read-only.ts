/** What PostgreSQL says where nothing may be written, and where that may come from. */

export const READ_ONLY_CODE = "25006";

/** For a hint: a replica is always so, and a role or a database may be set so. */
export const READ_ONLY_WAYS =
  "name the primary server, not a replica; where a setting says so (\\drds in psql): " +
  "ALTER DATABASE … RESET default_transaction_read_only, or ALTER ROLE …";
