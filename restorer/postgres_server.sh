# shellcheck shell=sh disable=SC2154  # after drill_prologue.sh
# A PostgreSQL server of one's own, for a drill and for a restore. The environment says:
#
#   POSTGRES_BIN        the folder of initdb, postgres, psql … of the copy's major version
#   POSTGRES_SUPERUSER  the role that initdb makes
#   POSTGRES_SESSION    settings of each session, as the dump had them: dates, times and money
#   POSTGRES_CHECKSUMS  initdb's option for them; empty: as it likes
#
# and databases.sh in this folder: $databases, how many there are, and each(), which runs a command
# with the NAME and the connection string of each of them.
#
# A command that fails ends all (1); what this machine is short of is told apart (75: "cannot try").
PATH=$POSTGRES_BIN:$PATH
private=$(mktemp -d /tmp/repo-restore.XXXXXX) # a path of a socket has 107 bytes at most
export PGHOST="$private" PGPORT=5432 PGUSER="$POSTGRES_SUPERUSER"
# These go before what roles and databases have set for themselves.
export PGOPTIONS="-c default_transaction_read_only=off -c lc_messages=C $POSTGRES_SESSION"
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
    grep -aE -m 1 "$full" log >&2 || :
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
lacking=$lacking'thesaurus file|affix file|out of shared memory|could not find .* in file "|'
lacking=$lacking'security label provider ".*" is not loaded|invalid value for parameter "lc_'
full='No space left|quota exceeded|annot allocate memory|ut of memory'

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
  set -- "$@" ${POSTGRES_CHECKSUMS:+"$POSTGRES_CHECKSUMS"}
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

# note TEXT: for people, whether or not all ends well.
notes=0
note() {
  notes=$((notes + 1))
  fact "$(printf 'note.%06d' $notes)" "$(printf '%s' "$*" | tr '\n' ' ' | cut -c 1-500)"
}

# load FOLDER: what pg_dumpall and pg_dump have written, into the server that runs.
load() {
  from=$1
  if [ "$first" != "$POSTGRES_SUPERUSER" ]; then rename_first; fi
  tried 'roles and tablespaces' sql -d template1 -o /dev/null -f globals.sql
  each load_database
  if [ ! -e "$from/postgres" ]; then sql -d template1 -c 'DROP DATABASE postgres'; fi
  each compute_views
}
# What the first superuser has of his own: he may lose his rights by it, or not be let in again.
load_last() { tried 'roles and tablespaces' sql -d template1 -o /dev/null -f globals.last.sql; }
rename_first() { # nobody renames himself
  sql -U "$first" -d template1 -c 'CREATE ROLE "repo-restore" SUPERUSER LOGIN'
  echo "ALTER ROLE $first RENAME TO :\"name\"" |
    sql -U repo-restore -d template1 -v name="$POSTGRES_SUPERUSER"
  sql -d template1 -c 'DROP ROLE "repo-restore"'
}
load_database() {
  only= # the entries to load; empty: all
  tried "database $1" pg_restore -l -C -f list "$from/$1"
  if grep -a "$of_view" list >"views.$1"; then
    grep -av "$of_view" list >only
    only=only
  fi
  case $1 in
    template1) through='-d postgres --clean --if-exists' ;;
    postgres) through='-d template1 --clean --if-exists' ;;
    *) through='-d template1' ;;
  esac
  # shellcheck disable=SC2086  # words
  tried "database $1" pg_restore $through -C -e ${only:+-L "$only"} "$from/$1"
}
# What a materialised view has in it is computed anew, from whatever it asks: another server, which
# is not here, or what has gone since. A view is then without rows, and that is told.
of_view='^[0-9]*; [0-9]* [0-9]* MATERIALIZED VIEW DATA '
compute_views() {
  if [ ! -s "views.$1" ]; then return; fi
  while IFS= read -r view <&3; do
    printf '%s\n' "$view" >view
    if pg_restore -e -d "$2" -L view "$from/$1" </dev/null 2>err; then continue; fi
    if [ ! -e "loaded.$1" ]; then pg_restore -l -C -f "loaded.$1" "$from/$1"; fi
    grep -avxF -f view "loaded.$1" >list
    mv list "loaded.$1"
    reason=$(grep -aE -m 1 'error:|ERROR:|FATAL:' err || tail -n 1 err)
    view=$(sed "s/$of_view//; s/ [^ ]*\$//" view)
    if grep -qaE "$full" err || ! pg_isready -q; then
      cat err >&2
      say "database $1: materialised view $view: $reason"
      exit 1
    fi
    note "database $1: materialised view $view could not be computed and is empty: $reason"
  done 3<"views.$1"
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
