# shellcheck shell=sh disable=SC2154  # after drill_prologue.sh and postgres_server.sh
# A new data directory, in cluster/, of the copy that pg_dumpall and pg_dump have made
# in copy/; globals.sql is what is to be loaded, globals.last.sql at the end. POSTGRES_LC_MONETARY and
# so on are what the source had set; empty where it is not known.
# shellcheck disable=SC1091  # made by who starts this
. ./databases.sh
step 'a new cluster'
new_cluster cluster --auth-local=peer --auth-host=scram-sha-256
echo 'local all all trust' >hba # of this server alone
start cluster -c "hba_file=$PWD/hba" ${POSTGRES_IN_PLACE:+-c allow_in_place_tablespaces=on} ||
  cannot_try "the new server does not start: $(why_not_started)"
step 'restore'
load copy/databases
# setting NAME VALUE: into the configuration, where this machine has such a locale or time zone.
setting() {
  if [ -z "$2" ]; then return; fi
  line=$(
    sql -d template1 -v name="$1" -v value="$2" 2>err <<'SQL'
\encoding SQL_ASCII
SELECT set_config(:'name', :'value', false) \g /dev/null
SELECT :'name' || ' = ''' || replace(replace(value, '\', '\\'), '''', '''''') || ''''
FROM current_setting(:'name') AS value WHERE value !~ '[\x01-\x1f]'
SQL
  ) || line=
  if [ -n "$line" ]; then
    printf '%s\n' "$line" >>settings
  else
    note "$1 was '$2' at the source, which this machine does not have: it is initdb's"
  fi
}
echo '# As the source had them.' >settings
setting lc_monetary "$POSTGRES_LC_MONETARY"
setting lc_numeric "$POSTGRES_LC_NUMERIC"
setting lc_time "$POSTGRES_LC_TIME"
setting timezone "$POSTGRES_TIMEZONE"
setting datestyle "$POSTGRES_DATESTYLE"
load_last
stop cluster
# As initdb writes it where it sees all of a machine.
sed -i 's/^dynamic_shared_memory_type = [a-z]*/dynamic_shared_memory_type = posix/' \
  cluster/postgresql.conf
cat settings >>cluster/postgresql.conf
rm -f cluster/postmaster.opts
