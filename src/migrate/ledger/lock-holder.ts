/** Who holds an advisory lock of this database. */
import type { Sql } from "../../postgres/toolbox.ts";

export interface Holder {
  pid: number;
  user: string;
  application: string;
  /** When the session began. */
  since: Date;
}

/** The session that holds the lock; undefined when it has just let go. What a user may not see of others is empty. */
export async function findHolder(
  sql: Sql,
  { classKey, key }: { classKey: number | null; key: bigint },
): Promise<Holder | undefined> {
  // pg_locks has the two halves of an int8, or the two int4, as unsigned numbers; objsubid tells which.
  const [high, low, kind] =
    classKey === null ? [key >> 32n, key & 0xffffffffn, 1] : [BigInt(classKey), key & 0xffffffffn, 2];
  const [row] = await sql.unsafe<{ pid: number; user: string; application: string; since: Date | null }[]>(`
    select l.pid, coalesce(a.usename, '') as user, coalesce(a.application_name, '') as application,
           a.backend_start as since
      from pg_locks l left join pg_stat_activity a using (pid)
     where l.locktype = 'advisory' and l.granted and l.objsubid = ${kind} and l.classid = ${high}::bigint::oid
       and l.objid = ${low}::bigint::oid and l.database = (select oid from pg_database where datname = current_database())
     limit 1`);
  return row === undefined ? undefined : { ...row, since: row.since ?? new Date() };
}
