-- What a server says of itself and of its databases, for psql -X -q -A -t -z -0: values with a NUL
-- behind each. First kServerValues of the server, then kDatabaseValues of each database.
SELECT current_setting('server_version'),
       current_setting('server_version_num'),
       (SELECT system_identifier FROM pg_control_system()),
       (SELECT setting FROM pg_settings WHERE name = 'data_directory'),
       (SELECT rolname FROM pg_roles WHERE oid = 10),
       (SELECT rolsuper FROM pg_roles WHERE rolname = current_user),
       pg_is_in_recovery(),
       pg_encoding_to_char(encoding), datcollate, datctype
FROM pg_database
WHERE datname = 'template1';
SELECT datname, datallowconn, datconnlimit = -2, datistemplate,
       CASE WHEN has_database_privilege(oid, 'CONNECT') THEN pg_database_size(oid) END
FROM pg_database
ORDER BY oid;
