# shellcheck shell=sh disable=SC2154  # after drill_prologue.sh and postgres_server.sh
# A copy of a data directory, in data/pgdata.
cluster=data/pgdata

# Nothing of the source's configuration and nothing of where its parts were.
for link in "$cluster"/pg_tblspc/*; do
  if [ ! -h "$link" ]; then continue; fi
  if [ ! -d "data/tablespaces/${link##*/}" ]; then
    say "tablespace ${link##*/} is not in the copy"
    exit 1
  fi
  ln -sfn "$PWD/data/tablespaces/${link##*/}" "$link"
done
for each in postmaster.pid postmaster.opts postgresql.auto.conf standby.signal recovery.signal \
  recovery.conf; do rm -rf "${cluster:?}/$each"; done
rm -rf "$cluster"/pg_replslot/*
rm -rf "$cluster/postgresql.conf" "$cluster/pg_hba.conf" "$cluster/pg_ident.conf"
echo 'dynamic_shared_memory_type = sysv' >"$cluster/postgresql.conf"
echo 'max_prepared_transactions = 1000' >>"$cluster/postgresql.conf"
echo 'local all all trust' >"$cluster/pg_hba.conf"
: >"$cluster/pg_ident.conf"
chmod -R u=rwX,g=,o= data

has_checksums() { pg_controldata "$cluster" | grep -q '^Data page checksum version: *[1-9]'; }
check_pages() {
  if ! has_checksums; then return; fi
  step 'checksums of all pages'
  tried pg_checksums pg_checksums --check -D "$cluster" >out
}
if [ "$POSTGRES_METHOD" = files ]; then check_pages; fi

step 'a server starts on the files'
# As a superuser of the drill's own: nobody knows the names of theirs. It reads the log that there is.
if ! echo 'CREATE ROLE "repo-restore drill" SUPERUSER LOGIN' | postgres --single -D "$cluster" \
  -c shared_preload_libraries= -c fsync=off template1 >>log 2>&1; then
  say "PostgreSQL does not start: $(why_not_started)"
  exit 1
fi
export PGUSER='repo-restore drill'
if ! start "$cluster"; then
  say "PostgreSQL does not start: $(why_not_started)"
  exit 1
fi
sql -d template1 -c 'UPDATE pg_database SET datallowconn = true'

# The i-th database, as a connection string; the x keeps newlines at its end.
quoted="'dbname=''' || replace(replace(datname, '\\', '\\\\'), '''', '\\''') || ''''"
of_valid='FROM pg_database WHERE datconnlimit <> -2'
count=$(sql -d template1 -c "SELECT count(*) $of_valid")
database() {
  database=$(
    sql -d template1 -c "SELECT $quoted || 'x' $of_valid ORDER BY oid OFFSET $1 LIMIT 1"
  )
  database=${database%x}
}
step "every row of $count databases is read"
i=0
while [ "$i" -lt "$count" ]; do
  database "$i"
  tried "database $database" pg_dump -Fp -w -d "$database" >/dev/null
  tried "database $database" count_rows "$database"
  mv rows.now "rows.$i"
  # They might refuse what comes: an extension, a table.
  echo "SELECT format('ALTER EVENT TRIGGER %I DISABLE', evtname) FROM pg_event_trigger \\gexec" |
    sql -d "$database"
  i=$((i + 1))
done
if command -v pg_amcheck >/dev/null && [ -e "$(pg_config --sharedir)/extension/amcheck.control" ]; then
  step 'tables and B-trees hold the same (pg_amcheck)'
  if ! pg_amcheck -w --all --install-missing --heapallindexed </dev/null >out 2>err; then
    tail -n 20 err >&2
    say "pg_amcheck: $(cat out err | grep -a -m 1 .)"
    exit 1
  fi
fi

step 'what was altered is noticed'
altered=
i=0
while [ "$i" -lt "$count" ] && [ -z "$altered" ]; do
  database "$i"
  while IFS='	' read -r rows table <&3; do
    if [ "$rows" = 0 ]; then continue; fi
    take_a_row "$database" "$table" || continue
    altered=$table
    break
  done 3<"rows.$i"
  if [ -n "$altered" ]; then break; fi
  i=$((i + 1))
done
if [ -z "$altered" ]; then
  i=0
  database 0
  sql -d "$database" -c 'CREATE SCHEMA "repo-restore drill"' \
    -c 'CREATE TABLE "repo-restore drill".altered ()'
fi
tried "database $database" count_rows "$database"
if cmp -s rows.now "rows.$i"; then
  say "database $database: a row was taken away, and nothing noticed it"
  exit 1
fi
stop "$cluster"
if [ "$POSTGRES_METHOD" != files ]; then check_pages; fi
