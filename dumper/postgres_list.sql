-- What a server says of itself and of its databases, for psql -X -q -A -t -z -0: values with a NUL
-- behind each. First kServerValues of the server, then kDatabaseValues of each database.
--
-- It is asked as a superuser, in a database where anybody may have made functions and operators:
-- nothing but pg_catalog's may be found by name.
SET search_path = pg_catalog;
SELECT current_setting('server_version'),
       current_setting('server_version_num'),
       (SELECT system_identifier FROM pg_control_system()),
       (SELECT setting FROM pg_settings WHERE name = 'data_directory'),
       (SELECT setting FROM pg_settings WHERE name = 'config_file'),
       (SELECT rolname FROM pg_roles WHERE oid = 10::oid),
       pg_encoding_to_char(encoding), datcollate, datctype,
       current_setting('data_checksums'),
       current_setting('lc_monetary'), current_setting('lc_numeric'), current_setting('lc_time'),
       current_setting('timezone'), current_setting('datestyle'),
       (SELECT string_agg(one, '; ')
        FROM pg_db_role_setting, unnest(setconfig) AS one
        WHERE setrole = 0::oid AND setdatabase = 0::oid)
FROM pg_database
WHERE datname = 'template1'::name;
SELECT datname, datallowconn, datconnlimit = -2,
       datistemplate,
       CASE WHEN has_database_privilege(oid, 'CONNECT') THEN pg_database_size(oid) END
FROM pg_database
ORDER BY oid;
