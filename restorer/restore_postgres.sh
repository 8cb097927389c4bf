# shellcheck shell=sh disable=SC2154  # after drill_prologue.sh and postgres_server.sh
# A new data directory, in cluster/, of the copy that pg_dumpall and pg_dump have made
# in copy/; globals.sql is what is to be loaded. $2 and so on are as in a drill.
shift
step 'a new cluster'
new_cluster cluster --auth-local=peer --auth-host=scram-sha-256
echo 'local all all trust' >hba # of this server alone
start cluster -c "hba_file=$PWD/hba" ${POSTGRES_IN_PLACE:+-c allow_in_place_tablespaces=on} ||
  cannot_try "the new server does not start: $(why_not_started)"
step 'restore'
load copy/databases "$@"
stop cluster
# As initdb writes it where it sees all of a machine.
sed -i 's/^dynamic_shared_memory_type = [a-z]*/dynamic_shared_memory_type = posix/' \
  cluster/postgresql.conf
rm -f cluster/postmaster.opts
