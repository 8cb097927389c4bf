# One database of a running cluster: its dump, and how many rows each table has in the dump's
# snapshot.
#   $1 folder of the server's programs   $2 connection string   $3 name for its files
#   $4 jobs   $5 seconds to wait for a lock   $6 folder of dumps   $7 folder of counts
#   $8 the query that counts
# Beside the counts: $3.roles, the roles that the snapshot saw, and $3.lacks, what the role may not
# see of it.
set -eu
umask 077
bin=$1 database=$2 file=$3 jobs=$4 patience=$5 dumps=$6 rows=$7 count=$8
work=$(mktemp -d)
session='' dump='' beat=''
finish() {
  for process in $session $dump $beat; do kill "$process" 2>/dev/null || :; done
  rm -rf -- "$work"
}
trap finish EXIT
trap '' PIPE  # a session that has ended is told by its exit status

fail() {  # the session's own words; not that it was ended here
  grep -v 'due to user request' -- "$work/errors" >&2 2>/dev/null || :
  exit 1
}
ask() { cat >&3 2>/dev/null || fail; }

# The session that holds the snapshot. It locks every table before it takes it: a TRUNCATE or a
# rewrite in between would show as an empty table (PostgreSQL's manual, "Caveats" of MVCC).
mkfifo "$work/ask" "$work/told"
cd -- "$rows"
"$bin/psql" -XAtqw -v ON_ERROR_STOP=1 -d "$database" \
  <"$work/ask" >"$work/told" 2>"$work/errors" &
session=$!
exec 3>"$work/ask" 4<"$work/told"
ask <<SQL
\encoding SQL_ASCII
SET search_path = pg_catalog;
SET lock_timeout = '${patience}s';
SELECT set_config(name, '0', false) FROM pg_settings
WHERE name IN ('statement_timeout', 'transaction_timeout', 'idle_session_timeout',
               'idle_in_transaction_session_timeout') \g /dev/null
SELECT set_config(name, '10s', false) FROM pg_settings
WHERE name = 'client_connection_check_interval' \g /dev/null
\o '$work/locks'
SELECT format('LOCK TABLE ONLY %I.%I IN ACCESS SHARE MODE;', nspname, relname)
FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE relkind IN ('r', 'p') AND relpersistence <> 't'
  AND left(nspname, 3) <> 'pg_' AND nspname <> 'information_schema'
ORDER BY pg_class.oid;
\o
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
\i '$work/locks'
\o $file.roles
SELECT oid || ' ' || format('CREATE ROLE %I;', rolname) FROM pg_roles
WHERE left(rolname, 3) <> 'pg_' AND rolname !~ E'[\\n\\r]' AND oid <> 10::oid;
\o $file.lacks
SELECT 'its subscriptions' FROM pg_roles
WHERE rolname = current_user AND NOT rolsuper AND EXISTS (
  SELECT FROM pg_subscription JOIN pg_database ON pg_database.oid = subdbid
  WHERE datname = current_database());
SELECT 'passwords of its user mappings' FROM pg_roles
WHERE rolname = current_user AND NOT rolsuper AND EXISTS (SELECT FROM pg_user_mappings);
\o
SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database();
SELECT pg_export_snapshot();
SQL
# Its own encoding: a role may be set to another one, which has not all of its letters.
read -r encoding <&4 && read -r snapshot <&4 || { wait "$session" || :; fail; }

# A table of terabytes is counted for a long time without a byte for us: as long as the server
# answers, there is progress.
"$bin/psql" -XAtqw -d "$database" >/dev/null 2>&1 3>&- 4<&- <<SQL &
SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'idle_session_timeout';
SELECT 1 \watch 60
SQL
beat=$!

# Whoever asks for a table between the session and pg_dump lets pg_dump wait for him, and waits for
# the session: only giving up lets him pass. SIGINT makes psql cancel what the server does for it.
(
  "$bin/pg_dump" -Fd -w --no-sync --jobs="$jobs" --lock-wait-timeout=3s \
    --encoding="$encoding" --snapshot="$snapshot" --file="$dumps/$file" -d "$database" &
  tool=$!
  trap 'kill "$tool"; exit 1' TERM
  wait "$tool" || {
    kill -INT "$session" 2>/dev/null || :
    exit 1
  }
) 3>&- 4<&- &
dump=$!

ask <<SQL
$count
\echo counted
SQL
counted=0
sed -n '/^counted$/q9;p' <&4 >"$rows/$file" || counted=$?
dumped=0
wait "$dump" || dumped=$?
dump=''
[ "$dumped" = 0 ] && [ "$counted" = 9 ] || fail
echo 'COMMIT;' | ask
exec 3>&-
wait "$session" || fail
session=''
