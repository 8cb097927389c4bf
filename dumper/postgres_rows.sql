-- How many rows each table of a database has, in the caller's transaction: a dump counts within its
-- snapshot, a drill counts what it has restored, and both read this one text.
--
-- For psql -X -q -A -t -v ON_ERROR_STOP=1; it prints "ROWS<TAB>NAME", in the order of NAME, which is
-- schema.table as a JSON string, each part quoted where SQL has to. Bytes are the database's own.
--
-- Counted is what pg_dump writes rows of: tables and partitions (relkind r), without those that an
-- extension fills itself; of an extension's own configuration, what it has named for dumps. Not
-- materialised views: a restore computes them anew, from the tables as they are.
\encoding SQL_ASCII
SET search_path = pg_catalog;
SET row_security = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET quote_all_identifiers = off;
SET standard_conforming_strings = on;
-- Tables are read, not indexes that may say something else.
SET enable_indexscan = off;
SET enable_indexonlyscan = off;
SET enable_bitmapscan = off;
WITH configuration AS (
  SELECT one.relation, one.condition
  FROM pg_extension, unnest(extconfig, extcondition) AS one (relation, condition)
), counted AS (
  SELECT format('%I.%I', nspname, relname) AS name, condition
  FROM pg_class
  JOIN pg_namespace ON pg_namespace.oid = relnamespace
  LEFT JOIN configuration ON relation = pg_class.oid
  WHERE relkind = 'r' AND relpersistence <> 't'
    AND left(nspname, 3) <> 'pg_' AND nspname <> 'information_schema'
    AND (relation IS NOT NULL OR NOT EXISTS (
      SELECT FROM pg_depend
      WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND objsubid = 0
        AND deptype = 'e'))
)
SELECT format('SELECT concat(count(*), E''\t'', %L) FROM ONLY %s %s', to_json(name), name, condition)
FROM counted
ORDER BY name COLLATE "C"
\gexec
