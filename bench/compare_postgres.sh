#!/bin/bash
# usage: bench/compare_postgres.sh [-b BIN] [-k] [-n ROUNDS] [-p PARTS] [-s SEED] [-z PERCENT]
#
# Measures what repo-dump and repo-restore do with a PostgreSQL cluster that holds a pgbench database of
# 1 GB, in turns with PostgreSQL's own programs, and says which of the targets are reached. As root.
# Part by part:
#
#   a  repo-dump with all that it verifies, against `pg_dump -Fd` with the same compression and jobs
#   b  a drill, against `pg_restore -j 1` of the same dump into a server of its own
#
#   -b BIN      folder of repo-scan, repo-dump and repo-restore (default build/release/bin)
#   -k          keep what was made, and say where (its server is ended)
#   -n ROUNDS   each of the repeated runs so many times (default 3)
#   -p PARTS    only these parts (default ab)
#   -s SEED     of no effect: pgbench has one of its own
#   -z PERCENT  so much of the size above (default 100), to try the script
#
# The servers are those of the newest version in /usr/lib/postgresql, run by the user postgres, without
# fsync. Works below $TMPDIR or /tmp, in 8 GB at most.
# Exit status: 0; 3 when a target was missed; 1 when something went wrong; 2 for a wrong option.
# shellcheck disable=SC2317  # functions that measure calls
set -euo pipefail
export LC_ALL=C.UTF-8
here=$(dirname -- "$(readlink -f -- "$0")")

usage() { sed -n '2s/^# //p' "$0" >&2; exit 2; }
# shellcheck source-path=SCRIPTDIR
source "$here/figures.sh"
read_arguments ab "$@"

die() { echo "compare_postgres.sh: $*" >&2; exit 1; }

((EUID == 0)) || die "needs root, as the nightly job does"
shopt -s nullglob
versions=(/usr/lib/postgresql/*/bin)
((${#versions[@]})) || die "PostgreSQL is missing: apt-get install postgresql"
programs=$(printf '%s\n' "${versions[@]}" | sort -V | tail -n 1)
for each in bwrap "$programs/pgbench" "$bin/repo-scan" "$bin/repo-dump" "$bin/repo-restore"; do
  command -v -- "$each" >/dev/null || die "$each is missing"
done
bin=$(readlink -f -- "$bin")
cores=$(nproc)

work=$(mktemp -d "${TMPDIR:-/tmp}/repo-bench.XXXXXX")
work=$(readlink -f -- "$work")
sockets=$(mktemp -d /tmp/repo-bench-pg.XXXXXX)
clean_up() {
  local data
  for data in "$work"/*/postmaster.pid; do
    as_owner pg_ctl -D "$(dirname -- "$data")" -m immediate -s stop || :
  done
  rm -rf -- "$sockets"
  if ((keep)); then echo "kept: $work"; else rm -rf -- "$work"; fi
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
chmod 711 "$work"
mkdir -- "$work/figures"
install -d -o postgres -g postgres "$work/own"
chown postgres: "$sockets"

as_owner() {  # as_owner PROGRAM ARGUMENT...
  setpriv --reuid postgres --regid postgres --clear-groups env -i -C / "PATH=$programs:/usr/bin:/bin" \
    LC_ALL=C.UTF-8 "PGHOST=$sockets" "PGPORT=${port:-5432}" "$@"
}

settings='-c fsync=off -c full_page_writes=off -c synchronous_commit=off -c autovacuum=off
  -c max_wal_size=4GB'
new_server() {  # new_server FOLDER: listens on $port
  install -d -m 700 -o postgres -g postgres "$work/$1"
  as_owner initdb -D "$work/$1" -A trust -E UTF8 --no-locale -N >/dev/null
  as_owner pg_ctl -D "$work/$1" -l "$work/own/log" -s -w start \
    -o "-c listen_addresses= -c unix_socket_directories=$sockets -c port=$port ${settings//$'\n'/ }"
}

# The options of repo-dump's own pg_dump.
compression=$(grep -o -e '-Z *[0-9]*' "$here/../dumper/postgres_dump.sh" | head -n 1) || compression=
jobs=2

pg_dump_alone() {
  rm -rf -- "$work/own/dump"
  # shellcheck disable=SC2086  # one word, or none
  as_owner pg_dump -Fd $compression -j "$jobs" -f "$work/own/dump" bench
}

by_us() {
  rm -rf -- "$work/root"
  "$bin/repo-dump" -q --pg-jobs "$jobs" --to "$work/root" "$work/manifest.json"
}

dumps() {
  local round
  pg_dump_alone  # once before, so that all is in memory for both
  for ((round = 1; round <= rounds; round++)); do
    measure pg_dump pg_dump_alone
    measure repo_dump by_us
  done
  row a "a dump that is verified, of the time of pg_dump" \
    "$(quotient "$(median repo_dump)" "$(median pg_dump)")" x '<=' 1.4 \
    "$(median repo_dump) s : $(median pg_dump) s"
}

pg_restore_alone() {
  port=5433 as_owner pg_restore -C -e -j 1 -d template1 "$work/own/dump"
}

drills() {
  local round
  [[ -d $work/own/dump ]] || pg_dump_alone
  [[ -d $work/root ]] || by_us
  for ((round = 1; round <= rounds; round++)); do
    port=5433 new_server restored
    measure pg_restore pg_restore_alone
    port=5433 as_owner pg_ctl -D "$work/restored" -m immediate -s stop
    rm -rf -- "$work/restored"
    measure drill "$bin/repo-restore" --drill --all --from "$work/root"
    grep -q '^1 passed, 0 failed, 0 not run' "$work/out" || die "$(tail -n 1 -- "$work/out")"
  done
  row b "a drill, of the time of pg_restore -j 1" \
    "$(quotient "$(median drill)" "$(median pg_restore)")" x '<=' 3 \
    "$(median drill) s : $(median pg_restore) s"
}

describe_commit
echo "command   bench/compare_postgres.sh -n $rounds -p $parts -s $seed -z $percent"
describe_machine "$work"
echo "peers     $("$programs/pg_dump" --version), pg_dump -Fd $compression -j $jobs"
tell_load before
port=5432
new_server cluster
as_owner createdb bench
as_owner pgbench -i -q -s "$(scaled 70)" bench >/dev/null 2>&1
"$bin/repo-scan" -q -o "$work/manifest.json" "$work/cluster"
[[ $parts != *a* ]] || dumps
[[ $parts != *b* ]] || drills
tell_load after
exit $((missed ? 3 : 0))
