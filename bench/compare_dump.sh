#!/bin/bash
# usage: bench/compare_dump.sh [-b BIN] [-k] [-n ROUNDS] [-p PARTS] [-s SEED] [-z PERCENT]
#
# Measures repo-dump against loops of svnadmin and hg, on repositories that the real tools make, in
# turns, and says which of the targets are reached. As root. Part by part:
#
#   a  first night, 300 small svn and 100 small hg repositories: into an empty dump root, against a
#      loop of `svnadmin hotcopy` and `hg clone -U`, and one that verifies each copy too
#   b  second night with nothing changed, against the first loop, which always copies everything
#   c  second night with a commit in every twentieth repository, against the first loop
#   d  how long an hg repository is locked: 400 files; and with a large file of 1 GB
#   e  an svn repository of 2 GB with one new revision: bytes written, memory, and the time against
#      `svnadmin hotcopy --incremental`
#   f  the svn copier alone against `svnadmin hotcopy`: 2,000 revisions; the 2 GB
#
#   -b BIN      folder of repo-scan, repo-dump and dump_bench (default build/release/bin)
#   -k          keep the repositories that were made, and say where
#   -n ROUNDS   each of the repeated runs so many times (default 3)
#   -p PARTS    only these parts (default abcdef)
#   -s SEED     of the repositories' contents (default 1)
#   -z PERCENT  so much of the sizes and numbers above (default 100), to try the script
#
# Works below $TMPDIR or /tmp, in 10 GB at most (parts e and f; 5 GB for the others). Not on an ext4
# without a journal: for minutes after files were removed it looks long for inodes of new ones.
# Exit status: 0; 3 when a target was missed; 1 when something went wrong; 2 for a wrong option.
set -euo pipefail
export LC_ALL=C.UTF-8
here=$(dirname -- "$(readlink -f -- "$0")")

usage() { sed -n '2s/^# //p' "$0" >&2; exit 2; }
# shellcheck source-path=SCRIPTDIR
source "$here/figures.sh"
read_arguments abcdef "$@"

die() { echo "compare_dump.sh: $*" >&2; exit 1; }

((EUID == 0)) || die "needs root, as the nightly job does"
wants() { [[ $parts == *[$1]* ]]; }
needed=(svnadmin svnmucc hg openssl bwrap "$bin/repo-scan" "$bin/repo-dump")
if wants f; then needed+=("$bin/dump_bench"); fi
for each in "${needed[@]}"; do command -v -- "$each" >/dev/null || die "$each is missing"; done
bin=$(readlink -f -- "$bin")
cores=$(nproc)

work=$(mktemp -d "${TMPDIR:-/tmp}/repo-bench.XXXXXX")
work=$(readlink -f -- "$work")
clean_up() { if ((keep)); then echo "kept: $work"; else rm -rf -- "$work"; fi; }
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir -- "$work/figures"
# shellcheck source-path=SCRIPTDIR
source "$here/dump_sources.sh"

# What changed within two seconds before it is looked at is never taken for unchanged: a change in
# the same tick of the file system's clock would not show. Nights are further apart than that.
let_settle() {
  local newest
  while newest=$(find "$@" -printf '%C@\n' | sort -g | tail -n 1) &&
    awk "BEGIN { exit !($EPOCHREALTIME - $newest < 3) }"; do
    sleep 0.2
  done
}

describe_run() {
  describe_commit
  echo "command   bench/compare_dump.sh -n $rounds -p $parts -s $seed -z $percent"
  describe_machine "$work"
  echo "peers     $(svnadmin --version | head -n 1); $(hg --version -q)"
  tell_load before
}

needs_room() {  # needs_room GB
  local free
  free=$(df -BM --output=avail -- "$work" | tail -n 1)
  ((${free//[!0-9]/} >= $1 * 1024 * percent / 100)) || die "$work: less than $1 GB are free"
}

# scan NAME DIRECTORY: its manifest in $work/NAME.json
scan() { "$bin/repo-scan" -q -o "$work/$1.json" "$2"; }

# dump NAME ROOT OPTION...: the repositories of the manifest NAME.
dump() {
  local name=$1 root=$2
  shift 2
  "$bin/repo-dump" --json --to "$root" "$@" "$work/$name.json"
}

expect() {  # expect COUNT STATUS: so many lines of the last measured dump
  local count
  count=$(grep -c "\"message_type\":\"item\".*\"status\":\"$2\"" "$work/out") || true
  ((count == $1)) || die "$count items are $2, not $1"
}

# ---- a, b, c

# The loops of old. All into an empty target: they know no "unchanged".
loop_svn() {  # loop_svn TARGET [verify]
  local repository copy
  for repository in "$sources"/svn/*; do
    copy=$1/${repository##*/}
    svnadmin hotcopy "$repository" "$copy" || return 1
    [[ ! ${2-} ]] || svnadmin verify -q "$copy" || return 1
  done
}
loop_hg() {
  local repository copy
  for repository in "$sources"/hg/*; do
    copy=$1/${repository##*/}
    hg clone -q -U "$repository" "$copy" || return 1
    [[ ! ${2-} ]] || hg -R "$copy" verify -q || return 1
  done
}

run_loop() {  # run_loop loop|verify
  local kind verify=''
  [[ $1 == loop ]] || verify=verify
  for kind in svn hg; do
    mkdir -p -- "$work/copies/$1.$kind.$round"
    measure "$1.$kind" "loop_$kind" "$work/copies/$1.$kind.$round" "$verify"
  done
  sum "$(tail -n 1 "$work/figures/$1.svn")" "$(tail -n 1 "$work/figures/$1.hg")" \
    >>"$work/figures/$1.all"
  echo >>"$work/figures/$1.all"
}

kinds_of() { if [[ $1 == all ]]; then echo svn,hg; else echo "$1"; fi; }
count_of() {  # count_of all|svn|hg SVN HG
  case $1 in all) echo $(($2 + $3)) ;; svn) echo "$2" ;; hg) echo "$3" ;; esac
}

run_first_night() {  # all|svn|hg
  measure "first.$1" dump small "$work/root.$1.$round" --kinds "$(kinds_of "$1")"
  expect "$(count_of "$1" "$svn" "$hg")" copied
}

run_nights() {
  local i set
  let_settle "$sources"
  for set in all svn hg; do run_first_night "$set"; done
  for i in 1 2 3; do  # they are short
    for set in all svn hg; do
      measure "second.$set" dump small "$work/root.$set.$round" --kinds "$(kinds_of "$set")"
      expect "$(count_of "$set" "$svn" "$hg")" unchanged
    done
  done
  change_some "$svn" "$hg"
  let_settle "$sources"
  for set in all svn hg; do
    measure "changed.$set" dump small "$work/root.$set.$round" --kinds "$(kinds_of "$set")"
    expect "$(count_of "$set" $(((svn + 19) / 20)) $(((hg + 19) / 20)))" copied
  done
}

nights() {
  local sources=$work/small svn hg round i what
  svn=$(scaled 300)
  hg=$(scaled 100)
  needs_room 5
  make_small "$svn" "$hg"
  # All nights of a round in one go: `hg clone` links to the files of its source, and what is linked
  # to has changed (ctime).
  local runs=(loop nights verify)
  for ((round = 0; round < rounds; round++)); do
    measure scan scan small "$sources"
    for ((i = 0; i < ${#runs[@]}; i++)); do
      case ${runs[(i + round) % ${#runs[@]}]} in
        loop) run_loop loop ;;
        verify) run_loop verify ;;
        nights) run_nights ;;
      esac
    done
  done
  if wants a; then
    against a 'first night : hotcopy and clone' loop.all first.all 1.0
    against a '  svn alone' loop.svn first.svn ''
    against a '  hg alone' loop.hg first.hg ''
    against a 'first night : the same with verify' verify.all first.all 1.8
    against a '  svn alone' verify.svn first.svn ''
    against a '  hg alone' verify.hg first.hg ''
  fi
  for what in second changed; do
    local part=b title='nothing changed' target=80
    [[ $what == second ]] || { part=c title='5 % changed' target=12; }
    wants "$part" || continue
    against "$part" "$title : hotcopy and clone" loop.all "$what.all" "$target"
    against "$part" '  svn alone' loop.svn "$what.svn" ''
    against "$part" '  hg alone' loop.hg "$what.hg" ''
  done
  row - 'the scan before each of these' "$(median scan)" s - '' "not in the above"
  rm -rf -- "$work"/root.* "$work/copies" "$sources" "$work/template"
}

# ---- d

lock_times() { grep -o '"lock_ms":[0-9.]*' "$work/out" | cut -d : -f 2 >>"$work/figures/$1"; }

# lock_rounds NAME REPOSITORY DUMPS [settle]: each after a commit. With `settle` not at once.
lock_rounds() {
  local n
  for ((n = 0; n < $3; n++)); do
    hg_commit "$2" "folder$((n % 20))/file$((n % 20))" 2000 $((1000 + SECONDS * 100 + n))
    [[ ! ${4-} ]] || let_settle "$2/.hg"
    measure "dump.$1" dump "$lock_manifest" "$work/root.lock" --full
    expect 1 copied
    lock_times "$1"
  done
}

lock_row() {  # lock_row NAME WHAT TARGET
  row d "$2" "$(median "$1")" ms '<=' "$3" \
    "at most $(greatest "$1") ms in $(wc -l <"$work/figures/$1") dumps"
}

locks() {
  local lock_manifest=lock dumps files=400
  dumps=$(scaled 20)
  needs_room 5
  make_hg_files "$work/lock" "$files"
  scan lock "$work/lock"
  lock_rounds lock.settled "$work/lock" "$dumps" settle
  lock_rounds lock.fresh "$work/lock" "$dumps"
  add_largefile "$work/lock" "$(scaled $((1 << 30)))"
  lock_rounds lock.large "$work/lock" "$rounds" settle
  lock_row lock.settled "locked: $files files, a commit before" 15
  lock_row lock.fresh '  the commit a moment before' 15
  lock_row lock.large '  with a large file of 1 GB' 100
  rm -rf -- "$work/lock" "$work/root.lock"
}

# ---- e, f

make_large() {
  [[ ! -d $work/large ]] || return 0
  needs_room 10
  mkdir -- "$work/large"
  make_large_svn "$work/large/svn" 20 "$(scaled $((100 << 20)))"
}

# counted COMMAND...: runs it; prints the bytes that it and its children have dirtied for the disk,
# and the KiB of memory that it alone had at most. The kernel adds what a child has written to its
# parent's account when it is waited for; the shell that does so here writes nothing itself.
counted() {
  # shellcheck disable=SC2016
  bash -c '
    "$@" >/dev/null & child=$!
    peak=0 seen=1
    while ((seen)); do
      seen=0
      while read -r key value _; do
        [[ $key != VmHWM: ]] || { peak=$value; seen=1; }
      done 2>/dev/null </proc/$child/status
      sleep 0.02
    done
    wait "$child" || exit 1
    written=0
    while read -r key value; do
      case $key in
        write_bytes:) written=$((written + value)) ;;
        cancelled_write_bytes:) written=$((written - value)) ;;
      esac
    done </proc/$$/io
    echo "$written $peak"' counted "$@"
}

# Bytes on the disk of what the source has and a copy cannot share: all but revisions that were
# there before. $1: the repository, $2: a list of those.
unshared() {
  find "$1" -printf '%b %P\n' | awk -v known="$2" '
    BEGIN { while ((getline path < known) > 0) old[path] = 1 }
    !($2 in old) { sum += $1 }
    END { print sum * 512 }'
}

large_night() {
  local repository=$work/large/svn root=$work/root.large n known=$work/known written peak first_peak
  make_large
  scan large "$work/large"
  local command=("$bin/repo-dump" --json --to "$root" "$work/large.json")
  read -r _ first_peak < <(counted "${command[@]}")
  svnadmin hotcopy "$repository" "$work/incremental"
  for ((n = 0; n <= rounds; n++)); do
    find "$repository/db/revs" -type f -printf 'db/revs/%P\n' >"$known"
    svn_commit "$repository" small $((768 << 10)) $((900000 + n))
    let_settle "$repository"
    if ((n == rounds)); then break; fi
    # In turns: the one that comes second finds the new revision in the cache, as the first does.
    if ((n % 2)); then measure large.incremental incremental; fi
    measure large.dump "${command[@]}"
    if ((n % 2 == 0)); then measure large.incremental incremental; fi
  done
  read -r written peak < <(counted "${command[@]}")
  local due on_disk
  due=$(unshared "$repository" "$known")
  # The second of two is told without what it shares with the first.
  on_disk=$(du -s -B 1 -- "$(printf '%s\n' "$root"/older/svn/*/* | tail -n 1)" \
    "$root"/current/svn/* | tail -n 1 | cut -f 1)
  row e '2 GB, a revision of 1 MB: written : due' "$(quotient "$written" "$due")" x '<=' 1.05 \
    "$written : $due bytes"
  row e '  on disk and not shared : due' "$(quotient "$on_disk" "$due")" x '<=' 1.05 \
    "$on_disk : $due bytes"
  row e '  memory of repo-dump' "$(quotient "$peak" 1024)" MB '<=' 64 ''
  row e '  on the first night' "$(quotient "$first_peak" 1024)" MB '<=' 64 ''
  against e '  time : hotcopy --incremental' large.incremental large.dump ''
  rm -rf -- "$root" "$work/incremental"
}
incremental() { svnadmin hotcopy -q --incremental "$work/large/svn" "$work/incremental"; }

# copier NAME REPOSITORY
copiers() {
  local n i
  for ((n = 0; n < rounds; n++)); do
    for i in 0 1; do
      if (((n + i) % 2)); then
        measure "$1.hotcopy" svnadmin hotcopy "$2" "$work/hotcopy"
        rm -rf -- "$work/hotcopy"
      else
        sync -f "$work"
        REPO_BENCH_SVN=$2 TMPDIR=$work "$bin/dump_bench" --benchmark_filter='^copy_svn/' \
          --benchmark_min_time=0.001 --benchmark_format=csv 2>/dev/null |
          awk -F , '/^"copy_svn/ { print $3 / 1000 }' >>"$work/figures/$1.copier"
      fi
    done
  done
}

svn_copier() {
  local revisions
  revisions=$(scaled 2000)
  make_long_svn "$work/long" "$revisions"
  copiers long "$work/long"
  against f "svn copier, $revisions revisions : hotcopy" long.hotcopy long.copier 1.0
  rm -rf -- "$work/long"
  make_large
  copiers large "$work/large/svn"
  against f '  2 GB in 20 revisions : hotcopy' large.hotcopy large.copier 1.0
}

describe_run
echo
if wants abc; then nights; fi
if wants d; then locks; fi
if wants e; then large_night; fi
if wants f; then svn_copier; fi
echo
tell_load after
((missed == 0)) || exit 3
