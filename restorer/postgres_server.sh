# shellcheck shell=sh disable=SC2154  # after drill_prologue.sh
# A PostgreSQL server of one's own, for a drill and for a restore. The environment says:
#
#   POSTGRES_BIN        the folder of initdb, postgres, psql … of the copy's major version
#   POSTGRES_SUPERUSER  the role that initdb makes
#
# A command that fails ends all (1); what this machine is short of is told apart (75: "cannot try").
PATH=$POSTGRES_BIN:$PATH
private=$(mktemp -d /tmp/repo-restore.XXXXXX) # a path of a socket has 107 bytes at most
export PGHOST="$private" PGPORT=5432 PGUSER="$POSTGRES_SUPERUSER"
# These go before what roles and databases have set for themselves.
export PGOPTIONS='-c default_transaction_read_only=off -c lc_messages=C'
server=

say() { printf '%s\n' "$*" | cut -c 1-1000 >&2; }
cannot_try() {
  say "$@"
  exit 75
}
end() {
  code=$?
  trap - EXIT
  if [ -n "$server" ]; then
    kill -QUIT "$server" 2>/dev/null || :
    wait "$server" 2>/dev/null || :
  fi
  if [ "$code" != 0 ] && [ -f log ]; then
    grep -aE -m 1 'No space left|quota exceeded|annot allocate memory|ut of memory' log >&2 || :
  fi
  rm -rf "$private"
  exit "$code"
}
trap end EXIT

# What no copy is at fault for: a package, a locale, a library that is not here.
lacking='extension ".*" is not available|extension control file|could not access file "|'
lacking=$lacking'could not load library|shared_preload_libraries|invalid locale name|'
lacking=$lacking'could not create locale|could not open collator|ICU is not supported|'
lacking=$lacking'no installation script nor update path|stop-word file|dictionary file|'
lacking=$lacking'thesaurus file|affix file|out of shared memory|could not find .* in file "'

# tried WHAT COMMAND…: runs it, and ends all where it fails.
tried() {
  of=$1
  shift
  "$@" </dev/null 2>err && return
  tail -n 20 err >&2
  if reason=$(grep -aE -m 1 "$lacking" err); then
    cannot_try "$of: something is missing on this machine: $reason"
  fi
  reason=$(grep -aE -m 1 'error:|ERROR:|FATAL:' err || tail -n 1 err)
  say "$of: $reason"
  exit 1
}

# new_cluster FOLDER OPTION…: with the encoding and locale of the copy where this machine has it.
# initdb takes no name with these letters; a role may be called so later.
first=$POSTGRES_SUPERUSER
case $first in *[\"\$\'\\]*) first=postgres ;; esac
new_cluster() {
  folder=$1
  shift
  if initdb -D "$folder" -U "$first" -N "$@" -E "$POSTGRES_ENCODING" \
    --lc-collate="$POSTGRES_COLLATE" --lc-ctype="$POSTGRES_CTYPE" >out 2>err; then return; fi
  rm -rf "$folder"
  if initdb -D "$folder" -U "$first" -N "$@" -E "$POSTGRES_ENCODING" --no-locale \
    >out 2>err; then return; fi
  cannot_try "initdb: $(grep -a -m 1 error: err || tail -n 1 err)"
}

# start FOLDER SETTING…: false where it ends again.
start() {
  folder=$1
  shift
  postgres -D "$folder" -c listen_addresses= -c "unix_socket_directories=$private" \
    -c unix_socket_permissions=0700 -c port="$PGPORT" -c external_pid_file= -c ssl=off \
    -c logging_collector=off -c log_destination=stderr -c shared_preload_libraries= \
    -c huge_pages=off -c fsync=off -c full_page_writes=off -c synchronous_commit=off \
    -c autovacuum=off -c wal_level=minimal -c max_wal_senders=0 -c archive_mode=off \
    -c max_wal_size=1GB -c max_locks_per_transaction=1024 "$@" </dev/null >>log 2>&1 &
  server=$!
  until pg_isready -q; do
    if ! kill -0 "$server" 2>/dev/null; then
      server=
      return 1
    fi
    sleep 0.05
  done
}
why_not_started() { grep -aE 'FATAL|PANIC|ERROR' log | head -n 1; }

# stop FOLDER
stop() {
  tried 'the end of the server' pg_ctl -D "$1" -m fast -s -w -t 86400 stop
  wait "$server" || :
  server=
}

sql() { psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"; }

# each COMMAND FILE CONNINFO FILE CONNINFO…: COMMAND FILE CONNINFO for each of them.
each() {
  todo=$1
  shift
  while [ $# -gt 1 ]; do
    "$todo" "$1" "$2"
    shift 2
  done
}

# load FOLDER FILE CONNINFO…: what pg_dumpall and pg_dump have written, into the server that runs.
load() {
  from=$1
  shift
  if [ "$first" != "$POSTGRES_SUPERUSER" ]; then rename_first; fi
  tried 'roles and tablespaces' sql -d template1 -o /dev/null -f globals.sql
  each load_database "$@"
  case " $* " in *' postgres dbname='*) ;; *) sql -d template1 -c 'DROP DATABASE postgres' ;; esac
}
rename_first() { # nobody renames himself
  sql -U "$first" -d template1 -c 'CREATE ROLE "repo-restore" SUPERUSER LOGIN'
  echo "ALTER ROLE $first RENAME TO :\"name\"" |
    sql -U repo-restore -d template1 -v name="$POSTGRES_SUPERUSER"
  sql -d template1 -c 'DROP ROLE "repo-restore"'
}
load_database() {
  case $1 in
    template1) tried "database $1" pg_restore --clean --if-exists -C -e -d postgres "$from/$1" ;;
    postgres) tried "database $1" pg_restore --clean --if-exists -C -e -d template1 "$from/$1" ;;
    *) tried "database $1" pg_restore -C -e -d template1 "$from/$1" ;;
  esac
}

# Rows, as postgres_rows.sql counts them, against what the copy says.
count_rows() { sql -d "$1" -f rows.sql >rows.now; }
same_rows() {
  tried "database $1" count_rows "$2"
  cmp -s rows.now "data/rows/$1"
}
check_rows() {
  if same_rows "$1" "$2"; then return; fi
  say "database $1: rows are not as counted (< dumped, > restored): $(diff "data/rows/$1" rows.now |
    grep -a '^[<>]' | head -n 4 | tr '\n' ' ')"
  exit 1
}

# take_a_row CONNINFO TABLE: false where it cannot be done. TABLE is as in the counts.
take_a_row() {
  taken=$(
    sql -d "$1" -v table="$2" 2>err <<'SQL'
\encoding SQL_ASCII
SET session_replication_role = replica;
SELECT format('WITH taken AS (DELETE FROM ONLY %1$s
    WHERE ctid = (SELECT ctid FROM ONLY %1$s LIMIT 1) RETURNING 1)
  SELECT count(*) FROM taken', :'table'::json #>> '{}')
\gexec
SQL
  ) && [ "$taken" = 1 ]
}
