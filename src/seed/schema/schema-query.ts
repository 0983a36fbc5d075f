/** The one query behind readTables: $1 is the one schema that is meant, or null for all. */

/** Columns' names in the order of an int2[] of their numbers; 0, which stands for an expression, is left out. */
const names = (numbers: string, table: string) =>
  `coalesce((select json_agg(a.attname order by k.place) from unnest(${numbers}) with ordinality k(number, place)
     join pg_attribute a on a.attrelid = ${table} and a.attnum = k.number), '[]'::json)`;

/** What an index is over, each column or expression as SQL has it. */
const elements = (index: string) =>
  `coalesce((select json_agg(pg_get_indexdef(e.indexrelid, k, true) order by k)
     from pg_index e, generate_series(1, e.indnkeyatts) k where e.indexrelid = ${index}), '[]'::json)`;

const COLUMNS = `
  select json_agg(json_build_object(
      'name', a.attname, 'type', a.atttypid::int8, 'modifier', a.atttypmod, 'nullable', not a.attnotnull,
      'identity', a.attidentity, 'generated', a.attgenerated <> '',
      'expression', case when a.attgenerated <> '' then pg_get_expr(d.adbin, d.adrelid) end,
      'default', case when a.attgenerated = '' then coalesce(pg_get_expr(d.adbin, d.adrelid), (
         select t.typdefault from pg_type t where t.oid = a.atttypid and t.typtype = 'd')) end,
      'sequence', coalesce(pg_get_serial_sequence(format('%I.%I', own.nspname, own.relname), a.attname), (
        select format('%I.%I', n.nspname, s.relname)
          from pg_depend e join pg_class s on s.oid = e.refobjid and s.relkind = 'S' join pg_namespace n on n.oid = s.relnamespace
         where e.classid = 'pg_attrdef'::regclass and e.objid = d.oid and e.refclassid = 'pg_class'::regclass
           and pg_get_expr(d.adbin, d.adrelid) like 'nextval(%' limit 1))) order by a.attnum)
    from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
   where a.attrelid = own.oid and a.attnum > 0 and not a.attisdropped`;

// Partitions' own copies of a partitioned table's constraints have a parent. Temporal keys and constraints that are not
// enforced came with PostgreSQL 18: columns that older ones do not have are read through to_jsonb.
const CONSTRAINTS = `
  select json_agg(json_build_object(
      'name', c.conname, 'type', c.contype, 'columns', ${names("c.conkey", "c.conrelid")},
      'equal', case when c.contype = 'x'
        then ${names("array(select k from unnest(c.conkey, c.conexclop) x(k, o) join pg_operator p on p.oid = o where p.oprname = '=')", "c.conrelid")}
        else ${names("c.conkey[1:cardinality(c.conkey) - 1]", "c.conrelid")} end,
      'elements', ${elements("c.conindid")},
      'operators', coalesce((select json_agg(p.oprname order by x.place)
         from unnest(c.conexclop) with ordinality x(operator, place) join pg_operator p on p.oid = x.operator), '[]'::json),
      'excludes', c.contype = 'x' or (c.contype in ('p', 'u') and coalesce((j.c->>'conperiod')::boolean, false)),
      'table', case when c.contype = 'f' then (select json_build_object('schema', n.nspname, 'name', r.relname)
         from pg_class r join pg_namespace n on n.oid = r.relnamespace where r.oid = c.confrelid) end,
      'references', ${names("c.confkey", "c.confrelid")},
      'deferrable', c.condeferrable, 'alterable', own.owned, 'validated', c.convalidated, 'expression', pg_get_expr(c.conbin, c.conrelid),
      'nullsDistinct', not coalesce((select (to_jsonb(i)->>'indnullsnotdistinct')::boolean from pg_index i
         where i.indexrelid = c.conindid), false)) order by c.contype, c.conname)
    from pg_constraint c, lateral (select to_jsonb(c) as c) j
   where c.conrelid = own.oid and c.contype in ('p', 'u', 'f', 'c', 'x') and c.conparentid = 0
     and coalesce((j.c->>'conenforced')::boolean, true)`;

const INDEXES = `
  select json_agg(json_build_object(
      'name', r.relname, 'columns', ${names("(i.indkey::int2[])[0:i.indnkeyatts - 1]", "i.indrelid")},
      'elements', ${elements("i.indexrelid")},
      'expressions', pg_get_expr(i.indexprs, i.indrelid), 'predicate', pg_get_expr(i.indpred, i.indrelid), 'partial', i.indpred is not null,
      'nullsDistinct', not coalesce((to_jsonb(i)->>'indnullsnotdistinct')::boolean, false)) order by r.relname)
    from pg_index i join pg_class r on r.oid = i.indexrelid
   where i.indrelid = own.oid and i.indisunique and i.indislive
     and not exists (select from pg_constraint c where c.conindid = i.indexrelid and c.conrelid = own.oid and c.contype in ('p', 'u', 'x'))`;

const PARTITIONS = `
  select json_agg(json_build_object(
      'strategy', p.partstrat, 'columns', ${names("p.partattrs::int2[]", "p.partrelid")},
      'bounds', coalesce((select json_agg(pg_get_expr(c.relpartbound, c.oid) order by c.relname)
         from pg_inherits h join pg_class c on c.oid = h.inhrelid where h.inhparent = p.partrelid), '[]'::json)) order by t.level, p.partrelid)
    from pg_partition_tree(own.oid) t join pg_partitioned_table p on p.partrelid = t.relid`;

export const TABLES_QUERY = `
with recursive own as (
  select c.oid, n.nspname, c.relname, c.relkind, c.reltuples, pg_has_role(c.relowner, 'usage') as owned
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('r', 'p') and not c.relispartition and c.relpersistence <> 't'
     and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and n.nspname = coalesce($1, n.nspname)
     and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = c.oid and e.deptype = 'e')
), needed(oid) as (
  select a.atttypid from own join pg_attribute a on a.attrelid = own.oid where a.attnum > 0 and not a.attisdropped
  union
  select inner_type.oid from needed join pg_type t on t.oid = needed.oid cross join lateral (
    select t.typelem union all select t.typbasetype
    union all select rngsubtype from pg_range where rngtypid = t.oid
    union all select rngtypid from pg_range where rngmultitypid = t.oid
    union all select atttypid from pg_attribute where attrelid = t.typrelid and attnum > 0 and not attisdropped
  ) inner_type(oid) where inner_type.oid <> 0
)
select
  coalesce((select json_agg(json_build_object(
      'schema', own.nspname, 'name', own.relname, 'partitioned', own.relkind = 'p', 'estimatedRows', own.reltuples::float8,
      'columns', coalesce((${COLUMNS}), '[]'::json), 'constraints', coalesce((${CONSTRAINTS}), '[]'::json),
      'indexes', coalesce((${INDEXES}), '[]'::json),
      'partitions', case when own.relkind = 'p' then coalesce((${PARTITIONS}), '[]'::json) else '[]'::json end
    ) order by own.nspname, own.relname) from own), '[]'::json) as tables,
  coalesce((select json_agg(json_build_object(
      'oid', t.oid::int8, 'name', t.typname, 'type', t.typtype, 'base', t.typbasetype::int8, 'modifier', t.typtypmod,
      'element', case when exists (select from pg_type e where e.oid = t.typelem and e.typarray = t.oid) then t.typelem::int8 else 0 end,
      'subtype', coalesce((select rngsubtype::int8 from pg_range where rngtypid = t.oid),
                          (select rngtypid::int8 from pg_range where rngmultitypid = t.oid), 0),
      'notNull', t.typnotnull,
      'labels', coalesce((select json_agg(enumlabel order by enumsortorder) from pg_enum where enumtypid = t.oid), '[]'::json),
      'checks', coalesce((select json_agg(pg_get_expr(c.conbin, 0) order by c.conname) from pg_constraint c
         where c.contypid = t.oid and c.contype = 'c'), '[]'::json),
      'attributes', case when t.typtype = 'c' then coalesce((select json_agg(json_build_array(a.atttypid::int8, a.atttypmod) order by a.attnum)
         from pg_attribute a where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped), '[]'::json) else '[]'::json end
    )) from needed join pg_type t on t.oid = needed.oid), '[]'::json) as types`;
