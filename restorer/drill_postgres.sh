# shellcheck shell=sh disable=SC2154,SC2086  # $key, $itself: one word or none; after drill_prologue.sh and postgres_server.sh
# A copy that pg_dumpall and pg_dump have made. globals.sql is what is to be loaded, globals.last.sql at
# the end, rows.sql counts.
# shellcheck disable=SC1091  # made by who starts this
. ./databases.sh
count="$databases databases"
if [ "$databases" = 1 ]; then count='1 database'; fi
key= # 15.14, 16.10, 17.6: before, there is no \restrict in what they write
if pg_dump --help | grep -q -e --restrict-key; then key=--restrict-key=drill; fi

# Without the lines that name the versions of server and program, which come first.
without_head() { tail -n +9; }

# same_streams A B …: two commands print the same, and end well. Neither is stored.
same_streams() {
  rm -f one other failed
  mkfifo one other
  { { "$1" "$3" "$4" || : >failed; } | without_head >one; } 2>err.one &
  first=$!
  { { "$2" "$3" "$4" || : >failed; } | without_head >other; } 2>err.other &
  second=$!
  if cmp one other >differs 2>&1; then equal=yes; else equal=no; fi
  : <>one <>other # whoever waits for a reader still need not
  wait "$first" "$second" || :
  [ $equal = yes ] && [ ! -e failed ]
}
data_of_copy() { pg_restore $key --section=data -f - "data/databases/$1"; }
data_now() { pg_dump $key --section=data -Fp -w -d "$2"; }

same_data() { same_streams data_of_copy data_now "$1" "$2"; }
# With what is of the database itself (-C), but where its name has a line break: in SQL they refuse it.
of_database() { case $1 in *%0A* | *%0D*) ;; *) echo -C ;; esac }

same_schema() {
  itself=$(of_database "$1")
  only= # without the views that could not be computed
  if [ -e "loaded.$1" ]; then only=loaded.$1; fi
  tried "database $1" pg_restore $key $itself --section=pre-data --section=post-data \
    ${only:+-L "$only"} -f schema.copy "data/databases/$1"
  tried "database $1" pg_dump $key $itself --section=pre-data --section=post-data \
    -Fp -w -f schema.now -d "$2"
  without_head <schema.copy >schema.one
  without_head <schema.now >schema.other
  cmp -s schema.one schema.other
}

check_data() {
  if same_data "$1" "$2"; then return; fi
  line=$(sed -n 's/.* line //p' differs)
  what=
  if [ -n "$line" ]; then # the last heading before it
    what=$(data_of_copy "$1" | head -n "$((line + 8))" |
      sed -n 's/^-- Data for Name: //p; s/^-- Name: //p' | tail -n 1)
  fi
  cat err.one err.other | tail -n 5 >&2 || :
  say "database $1: dumped again its data are others: ${what:-it cannot be read}"
  exit 1
}

# What it has, without numbers that are given anew.
objects() { sed -n '/^[0-9]*; [0-9]* [0-9]* MATERIALIZED VIEW DATA /d; s/^[0-9][0-9]*; [0-9]* [0-9]* //p'; }
# PostgreSQL writes some expressions in another way once it has read them: a second reload must not
# change them any more.
rewritten=
check_schema() {
  if same_schema "$1" "$2"; then return; fi
  tried "database $1" pg_dump -Fc -s -w -f "again.$1" -d "$2"
  pg_restore -l -s "data/databases/$1" | objects >objects.copy
  pg_restore -l -s "again.$1" | objects >objects.now
  if ! cmp -s objects.copy objects.now; then
    say "database $1: other objects than were dumped (< dumped, > restored):" \
      "$(diff objects.copy objects.now | grep -a '^[<>]' | head -n 4 | tr '\n' ' ')"
    exit 1
  fi
  diff schema.one schema.other | grep -a '^[<>]' | head -n 4 >"changed.$1"
  rewritten=yes
}
# A database that has some cannot be dropped. Nothing is at the other end of them here.
drop_subscriptions() {
  {
    echo 'SET session_replication_role = replica;'
    for what in "'ALTER SUBSCRIPTION %I SET (slot_name = NONE)'" "'DROP SUBSCRIPTION %I'"; do
      echo "SELECT format($what, subname) FROM pg_subscription WHERE subdbid ="
      echo '(SELECT oid FROM pg_database WHERE datname = current_database()) \gexec'
    done
  } >drop.sql
  sql -d "$1" -f drop.sql
}
check_rewritten() {
  if [ ! -e "again.$1" ]; then return; fi
  case $1 in postgres) through=template1 ;; *) through=postgres ;; esac
  tried "database $1" drop_subscriptions "$2"
  tried "database $1" pg_restore --clean --create -e -d "$through" "again.$1"
  itself=$(of_database "$1")
  tried "database $1" pg_restore $key $itself -f schema.copy "again.$1"
  tried "database $1" pg_dump $key $itself -s -Fp -w -f schema.now -d "$2"
  without_head <schema.copy >schema.one
  without_head <schema.now >schema.other
  if cmp -s schema.one schema.other; then return; fi
  say "database $1: its schema is another one after each reload:" "$(tr '\n' ' ' <"changed.$1")"
  exit 1
}

# Takes one row away where there is one.
altered=
alter() {
  if [ -n "$altered" ]; then return; fi
  while IFS='	' read -r rows table <&3; do
    if [ "$rows" = 0 ]; then continue; fi
    take_a_row "$2" "$table" || continue
    altered=$1
    if same_rows "$1" "$2" || same_data "$1" "$2"; then
      say "database $1: a row was taken away from $table, and nothing noticed it"
      exit 1
    fi
    return
  done 3<"data/rows/$1"
}
alter_schema() {
  if [ -n "$altered" ]; then return; fi
  # An event trigger may refuse it all the same (ENABLE ALWAYS): there are other databases.
  if ! sql -d "$2" -c 'SET session_replication_role = replica' \
    -c 'CREATE SCHEMA "repo-restore drill"' 2>err; then return; fi
  altered=$1
  if same_schema "$1" "$2"; then
    say "database $1: a schema was made, and nothing noticed it"
    exit 1
  fi
}

step 'a new cluster'
new_cluster cluster -A trust
start cluster ${POSTGRES_IN_PLACE:+-c allow_in_place_tablespaces=on} ||
  cannot_try "the new server does not start: $(why_not_started)"
step "restore of $count"
load data/databases
step "rows of $count as counted in the dump's snapshot"
each check_rows
step "dumped again, the data of $count are equal byte by byte"
each check_data
step "dumped again, the schemas of $count are equal"
each check_schema
step 'what was altered is noticed'
each alter
each alter_schema
if [ -z "$altered" ]; then
  tail -n 5 err >&2
  cannot_try 'nothing could be altered: it is not known whether a difference would be noticed'
fi
if [ -n "$rewritten" ]; then
  step 'schemas that are written in another way stay as they are when they are restored again'
  each check_rewritten
fi
step 'roles and tablespaces, dumped again, are equal' # compared by who has started this
tried 'a role for the drill' sql -d template1 -c 'CREATE ROLE "repo-restore drill" SUPERUSER LOGIN'
load_last
export PGUSER='repo-restore drill'
tried 'roles and tablespaces' pg_dumpall --globals-only --no-role-passwords -w -l template1 -f globals.now
