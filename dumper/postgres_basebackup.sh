# A running cluster as of one moment, for all its databases: its files and the log that they need.
#   $1 folder of the server's programs   $2 connection string   $3 gets pgdata/, tablespaces/OID
set -eu
umask 077
bin=$1 database=$2 copy=$3
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
# A path may have anything in it: each byte is told as printf's %b has it, \0NNN, and '=' as
# pg_basebackup wants it.
"$bin/psql" -XAtqw -v ON_ERROR_STOP=1 -d "$database" -c "
  SELECT oid, string_agg(
    CASE byte WHEN 61 THEN E'\\\\0134' ELSE '' END || E'\\\\0' || lpad(
      (byte / 64)::text || (byte / 8 % 8)::text || (byte % 8)::text, 3, '0'), '' ORDER BY at)
  FROM (
    SELECT oid, at, get_byte(place, at) AS byte
    FROM (SELECT oid, convert_to(pg_tablespace_location(oid), getdatabaseencoding()) AS place
          FROM pg_tablespace WHERE pg_tablespace_location(oid) LIKE '/%') AS placed,
         generate_series(0, length(place) - 1) AS at) AS bytes
  GROUP BY oid" -F ' ' >"$work/tablespaces"
set -- -D "$copy/pgdata" -d "$database" -w -Fp -X stream -c fast --no-sync
while read -r oid escaped; do
  path=$(printf '%b.' "$escaped")
  set -- "$@" -T "${path%.}=$copy/tablespaces/$oid"
done <"$work/tablespaces"
"$bin/pg_basebackup" "$@" >&2
# Found from the copy, wherever that lies.
while read -r oid escaped; do
  ln -sfn "../../tablespaces/$oid" "$copy/pgdata/pg_tblspc/$oid"
done <"$work/tablespaces"
