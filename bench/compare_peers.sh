#!/bin/bash
# usage: bench/compare_peers.sh [-b BIN] [-d DIRECTORIES] [-n ROUNDS] [-p SECONDS] [-t TREE]
#
# Times repo-scan against find, fdfind -u, a Python os.walk script, and bfs where it is installed,
# on one tree, warm, in turns, and checks that all of them lead to the same repositories.
#
#   -b BIN          folder of repo-scan and bench-tree-gen (default build/release/bin)
#   -d DIRECTORIES  size of the tree that is made below $TMPDIR or /tmp and removed (default 20000,
#                   at least 500)
#   -n ROUNDS       runs of each command after one that is not counted (default 5)
#   -p SECONDS      patience on a machine that others use too: a run in which they took more than
#                   a tenth of the processors is repeated later, for so long in all (default 0)
#   -t TREE         take this tree instead; it must hold no mount point and nothing unreadable
#
# find, bfs and fdfind only look for the names of the signatures: the second look at their hits is
# not timed. repo-scan and the Python script are timed with it.
# Exit status: 0; 1 when results differ or something is missing; 2 for a wrong option.
set -euo pipefail
export LC_ALL=C
here=$(dirname -- "$(readlink -f -- "$0")")

bin=$here/../build/release/bin
directories=20000
rounds=5
patience=0
tree=
while getopts b:d:n:p:t: option; do
  case $option in
    b) bin=$OPTARG ;;
    d) directories=$OPTARG ;;
    n) rounds=$OPTARG ;;
    p) patience=$OPTARG ;;
    t) tree=$OPTARG ;;
    *) sed -n '2s/^# //p' "$0" >&2; exit 2 ;;
  esac
done
if [[ $((OPTIND - 1)) -ne $# || ! $rounds =~ ^[1-9][0-9]*$ || ! $patience =~ ^[0-9]+$ ]]; then
  sed -n '2s/^# //p' "$0" >&2
  exit 2
fi

die() { echo "compare_peers.sh: $*" >&2; exit 1; }

for needed in find fdfind /usr/bin/python3 "$bin/repo-scan" "$bin/bench-tree-gen"; do
  command -v -- "$needed" >/dev/null || die "$needed is missing"
done
bin=$(readlink -f -- "$bin")
cores=$(nproc)
ticks=$(getconf CLK_TCK)

work=$(mktemp -d "${TMPDIR:-/tmp}/repo-bench.XXXXXX")
trap 'rm -rf -- "$work"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
# shellcheck source-path=SCRIPTDIR
source "$here/figures.sh"

# Sets `cmd` to the command line of a peer.
set_command() {
  local names=('(' -name .hg -o -name db -o -name format ')' -printf '%y%p\0')
  case $1 in
    repo-scan) cmd=("$bin/repo-scan" -q --list -0 "$tree") ;;
    repo-scan-j*) cmd=("$bin/repo-scan" -q --list -0 -j "${1#repo-scan-j}" "$tree") ;;
    find) cmd=(find "$tree" "${names[@]}") ;;
    bfs) cmd=(bfs "$tree" "${names[@]}") ;;
    fdfind-j*) cmd=(fdfind -u -j "${1#fdfind-j}" -0 '^(\.hg|db|format)$' "$tree") ;;
    python) cmd=(/usr/bin/python3 "$here/os_walk_baseline.py" "$tree") ;;
  esac
}

# Runs a peer once; its output stays in $work/PEER.out, and in $work/time its name and its seconds:
# elapsed, user, system.
run_peer() {
  local cmd TIMEFORMAT="$1 %3R %3U %3S"
  set_command "$1"
  { time "${cmd[@]}" >"$work/$1.out" 2>"$work/$1.err"; } 2>"$work/time" ||
    die "failed: ${cmd[*]}: $(tail -n 1 "$work/$1.err")"
}

# Sets `busy` to the milliseconds that all processors have worked since the machine started.
read_busy() {
  local user nice system irq softirq steal
  read -r _ user nice system _ _ irq softirq steal _ </proc/stat
  busy=$(((user + nice + system + irq + softirq + steal) * 1000 / ticks))
}

# Runs a peer and appends its time to $work/times. Where others disturb it, it is repeated as long
# as there is patience, and counted in `disturbed` after that.
time_peer() {
  local before busy others wall own_user own_system
  while true; do
    read_busy
    before=$busy
    run_peer "$1"
    read_busy
    read -r _ wall own_user own_system <"$work/time"
    others=$((busy - before - 10#${own_user/./} - 10#${own_system/./}))
    ((others > cores * 10#${wall/./} / 10 + 30)) || break
    if ((SECONDS >= patient_until)); then
      ((++disturbed))
      break
    fi
    sleep 1
  done
  cat "$work/time" >>"$work/times"
}

# stdin: hits of find, a type letter before each path. stdout: the repositories, as the probes of
# repo-scan judge them. Everything with NULs.
second_look() {
  local hit path parent
  local -A with_db=() with_format=()
  while IFS= read -r -d '' hit; do
    path=${hit:1}
    parent=${path%/*}
    case ${hit:0:1}${path##*/} in
      ddb) with_db[$parent]=1 ;;
      fformat) with_format[$parent]=1 ;;
      d.hg)
        for content in requires store 00changelog.i sharedpath data; do
          [[ -e $path/$content ]] && printf '%s\0' "$parent" && break
        done ;;
    esac
  done
  for parent in "${!with_db[@]}"; do
    [[ ${with_format[$parent]-} && -f $parent/db/fs-type ]] || continue
    if cmp -s - "$parent/format" <<<3 || cmp -s - "$parent/format" <<<5; then
      printf '%s\0' "$parent"
    fi
  done
}

# fdfind names no types but ends directories with '/'.
fdfind_hits() {
  local path
  while IFS= read -r -d '' path; do
    if [[ $path == */ ]]; then printf 'd%s\0' "${path%/}"; else printf 'f%s\0' "$path"; fi
  done
}

repositories_of() {
  case $1 in
    find | bfs) second_look <"$work/$1.out" ;;
    fdfind-j*) fdfind_hits <"$work/$1.out" | second_look ;;
    *) cat "$work/$1.out" ;;
  esac | sort -z
}

describe_run() {
  describe_commit
  describe_machine "$tree"
  tell_load before
  echo "peers     $(find . -maxdepth 0 -version | head -n 1); $(fdfind --version);" \
    "$(/usr/bin/python3 --version)$(if ((with_bfs)); then echo "; $(bfs --version | head -n 1)"; fi)"
  echo "tree      $made"
  echo "rounds    $rounds, warm, in turns"
}

# One line a peer: median seconds, processor seconds (median), the fastest, the ratio of medians.
print_table() {
  awk '
    function sort_values(from, n, to,    i, j, v) {
      for (i = 1; i <= n; i++) to[i] = from[i]
      for (i = 2; i <= n; i++) {
        v = to[i]
        for (j = i - 1; j > 0 && to[j] > v; j--) to[j + 1] = to[j]
        to[j + 1] = v
      }
    }
    function median(sorted, n) {
      return n % 2 ? sorted[(n + 1) / 2] : (sorted[n / 2] + sorted[n / 2 + 1]) / 2
    }
    FNR == NR { order[++peers] = $1; next }
    { n[$1]++; wall[$1, n[$1]] = $2; cpu[$1, n[$1]] = $3 + $4 }
    END {
      for (p = 1; p <= peers; p++) {
        name = order[p]
        for (i = 1; i <= n[name]; i++) { w[i] = wall[name, i]; c[i] = cpu[name, i] }
        sort_values(w, n[name], s); mid[name] = median(s, n[name]); low[name] = s[1]
        sort_values(c, n[name], s); busy[name] = median(s, n[name])
        if (name !~ /^repo-scan/ && (best == "" || mid[name] < mid[best])) best = name
      }
      printf "%-15s %9s %9s %9s %7s\n", "", "median s", "cpu s", "fastest", "ratio"
      for (p = 1; p <= peers; p++) {
        name = order[p]
        printf "%-15s %9.3f %9.3f %9.3f %7.2f\n", name, mid[name], busy[name], low[name],
               mid[name] / mid["repo-scan"]
      }
      printf "\nrepo-scan is %.2f times as fast as the fastest peer, %s\n",
             mid[best] / mid["repo-scan"], best
    }' "$work/peers" "$work/times"
}

if [[ $tree ]]; then
  tree=$(readlink -e -- "$tree") || die "there is no such tree"
  made=$tree
else
  tree=$(readlink -f -- "$work")/tree
  made=$("$bin/bench-tree-gen" --directories "$directories" "$tree") || die "no tree was made"
fi

peers=(repo-scan repo-scan-j{1,2,4,8,16} fdfind-j{2,4,8} find python)
with_bfs=0
if command -v bfs >/dev/null; then
  with_bfs=1
  peers+=(bfs)
fi
printf '%s\n' "${peers[@]}" >"$work/peers"

describe_run
for peer in "${peers[@]}"; do
  set_command "$peer"
  printf 'command  '
  printf ' %q' "${cmd[@]}"
  echo
  run_peer "$peer"
done
echo

disturbed=0
patient_until=$((SECONDS + patience))
for ((round = 0; round < rounds; round++)); do
  # Each round starts with another peer, so that none always runs in the shadow of the same one.
  for ((i = 0; i < ${#peers[@]}; i++)); do
    time_peer "${peers[(i + round) % ${#peers[@]}]}"
  done
done
print_table
echo "$disturbed of $((rounds * ${#peers[@]})) runs were disturbed by other processes"

repositories_of repo-scan >"$work/expected"
for peer in "${peers[@]}"; do
  repositories_of "$peer" >"$work/found"
  if ! cmp -s "$work/expected" "$work/found"; then
    diff <(tr '\0' '\n' <"$work/expected") <(tr '\0' '\n' <"$work/found") | head -n 20 >&2 || true
    die "$peer and repo-scan differ (< repo-scan, > $peer)"
  fi
done
echo "all of them lead to the same $(tr -dc '\0' <"$work/expected" | wc -c) repositories"
