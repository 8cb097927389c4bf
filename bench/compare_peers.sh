#!/bin/bash
# usage: bench/compare_peers.sh [-c] [-b BIN] [-d DIRECTORIES] [-j LIST] [-k COUNT] [-n ROUNDS]
#                               [-o FILE] [-p SECONDS] [-t TREE]
#
# Times repo-scan against find, bfs, fdfind -u and a Python os.walk script, each at several
# settings, and against bench-floor, which makes the system calls of a scan and does nothing else.
# In turns, on one tree. First it checks that all of them lead to the same repositories, and that
# the floor counts the directories and entries that repo-scan counts.
#
#   -b BIN          folder of repo-scan, bench-floor and bench-tree-gen (default build/release/bin)
#   -c              cold runs too, before each of which the kernel forgets what it has read: root
#                   only. The programs themselves are read again, too.
#   -d DIRECTORIES  size of the tree that is made below $TMPDIR or /tmp and removed (default 256000,
#                   3.3 million entries; 60 % of them leaves)
#   -j LIST         threads to try (default "2 4 8 16 32 64")
#   -k COUNT        instead: what so many repositories cost. Two trees, the same but for them;
#                   repo-scan, and the floor with the system calls of the probes
#   -n ROUNDS       runs of each command (default 5)
#   -o FILE         every run as a line: kind, tree (directories/repositories), peer, setting,
#                   seconds, seconds of the processors; for bench/plot.py. Must not exist.
#   -p SECONDS      patience on a machine that others use too: a run in which they took more than
#                   a tenth of the processors is repeated later, for so long in all (default 0)
#   -t TREE         take this tree instead; it must hold no mount point and nothing unreadable
#
# find, bfs and fdfind only look for the names of the signatures: the second look at their hits is
# not timed. repo-scan and the Python script are timed with it.
# Exit status: 0; 3 when a target was missed; 1 when results differ or something is missing; 2 for a
# wrong option.
set -euo pipefail
export LC_ALL=C
here=$(dirname -- "$(readlink -f -- "$0")")

command=$(printf ' %q' "$@")
bin=$here/../build/release/bin
kinds=(warm)
directories=256000
jobs='2 4 8 16 32 64'
count=
rounds=5
output=
patience=0
tree=
usage() { sed -n '2,3s/^# //p' "$0" >&2; exit 2; }
while getopts b:cd:j:k:n:o:p:t: option; do
  case $option in
    b) bin=$OPTARG ;;
    c) kinds=(warm cold) ;;
    d) directories=$OPTARG ;;
    j) jobs=$OPTARG ;;
    k) count=$OPTARG ;;
    n) rounds=$OPTARG ;;
    o) output=$OPTARG ;;
    p) patience=$OPTARG ;;
    t) tree=$OPTARG ;;
    *) usage ;;
  esac
done
[[ $((OPTIND - 1)) -eq $# && $directories =~ ^[1-9][0-9]*$ && $rounds =~ ^[1-9][0-9]*$ ]] || usage
[[ $jobs =~ ^[1-9][0-9]*(' '[1-9][0-9]*)*$ && $patience =~ ^[0-9]+$ ]] || usage
[[ ! $count || ($count =~ ^[1-9][0-9]*$ && ! $tree) ]] || usage
read -ra jobs <<<"$jobs"

die() { echo "compare_peers.sh: $*" >&2; exit 1; }

for needed in find bfs fdfind /usr/bin/python3 "$bin"/{repo-scan,bench-floor,bench-tree-gen}; do
  command -v -- "$needed" >/dev/null || die "$needed is missing"
done
if [[ ${kinds[*]} == *cold* ]]; then
  ((EUID == 0)) || die "-c needs root: only root may tell the kernel to forget what it has read"
  [[ -w /proc/sys/vm/drop_caches ]] || die "/proc/sys/vm/drop_caches cannot be written to here"
fi
if [[ $output ]]; then
  (set -o noclobber && : >"$output") 2>/dev/null || die "$output exists, or cannot be made"
fi
bin=$(readlink -f -- "$bin")
cores=$(nproc)
ticks=$(getconf CLK_TCK)

work=$(mktemp -d "${TMPDIR:-/tmp}/repo-bench.XXXXXX")
work=$(readlink -f -- "$work")
trap 'rm -rf -- "$work"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir -- "$work/figures"
# shellcheck source-path=SCRIPTDIR
source "$here/figures.sh"
# shellcheck source-path=SCRIPTDIR
source "$here/peers.sh"

# A run is the name of a peer and its setting: "repo-scan -j 8".
list_runs() {
  local n
  printf '%s\n' repo-scan 'repo-scan --no-leaf-skip'
  if [[ $count ]]; then
    printf 'floor -j %s --probes\n' "${jobs[@]}"
    return
  fi
  for n in "${jobs[@]}"; do
    printf "%s -j $n\n" repo-scan floor fdfind
    printf "%s -j $n --no-leaf-skip\n" repo-scan floor
    if ((bfs_has_jobs)); then echo "bfs -j $n"; fi
  done
  ((bfs_has_jobs)) || echo bfs
  printf '%s\n' find python
}

# Sets `busy` to the milliseconds that all processors have worked since the machine started.
read_busy() {
  local user nice system irq softirq steal
  read -r _ user nice system _ _ irq softirq steal _ </proc/stat
  busy=$(((user + nice + system + irq + softirq + steal) * 1000 / ticks))
}

# time_run KIND TREE RUN: keeps its time. Where others disturb it, it is repeated as long as there
# is patience, and counted in `disturbed` after that.
time_run() {
  local before others wall user system peer=${3%% *} how=${3#* } cpu
  while true; do
    if [[ $1 == cold ]]; then sync && echo 3 >/proc/sys/vm/drop_caches; fi
    read_busy
    before=$busy
    run_once "$2" "$3"
    read_busy
    read -r wall user system <"$work/time"
    others=$((busy - before - 10#${user/./} - 10#${system/./}))
    ((others > cores * 10#${wall/./} / 10 + 30)) || break
    if ((SECONDS >= patient_until)); then
      ((++disturbed))
      break
    fi
    sleep 1
  done
  cpu=$(sum "$user" "$system")
  echo "$wall" >>"$work/figures/$1.$2.$3"
  echo "$cpu" >>"$work/figures/$1.$2.$3.cpu"
  [[ $how != "$3" ]] || how=-
  [[ ! $output ]] ||
    echo "$1"$'\t'"${labels[$2]}"$'\t'"$peer"$'\t'"$how"$'\t'"$wall"$'\t'"$cpu" >>"$output"
}

describe_run() {
  local i
  describe_commit
  echo "command   bench/compare_peers.sh$command"
  describe_machine "${trees[0]}"
  tell_load before
  echo "peers     $(find . -maxdepth 0 -version | head -n 1); $(bfs --version | head -n 1);" \
    "$(fdfind --version); $(/usr/bin/python3 --version)"
  for i in "${!trees[@]}"; do echo "tree      ${labels[i]} ${made[i]}"; done
  echo "rounds    $rounds of each kind (${kinds[*]}), in turns"
}

# make_tree NAME OPTION...: in `trees`, and what was made in `made`.
make_tree() {
  local told target=$work/$1
  shift
  told=$("$bin/bench-tree-gen" --directories "$directories" "$@" "$target") ||
    die "no tree was made"
  trees+=("$target")
  made+=("made: $told")
}

trees=()
made=()
if [[ $tree ]]; then
  trees=("$(readlink -e -- "$tree")") || die "there is no such tree"
  made=("${trees[0]}")
elif [[ $count ]]; then
  make_tree without --svn 0 --hg 0 --git 0
  third=$((count / 3))
  make_tree with --svn "$third" --hg "$third" --git "$((count - 2 * third))"
else
  make_tree tree
fi

mapfile -t runs < <(list_runs)
labels=()
for i in "${!trees[@]}"; do
  check_floor "$i"
  check_repositories "$i"
done
mapfile -t description < <(describe_run)
printf '%s\n' "${description[@]}" ''
if [[ $output ]]; then
  printf '# %s\n' "${description[@]}" >"$output"
  printf 'kind\ttree\tpeer\tsetting\tseconds\tcpu\n' >>"$output"
fi
describe_commands
echo

disturbed=0
patient_until=$((SECONDS + patience))
for kind in "${kinds[@]}"; do
  for ((round = 0; round < rounds; round++)); do
    # Each round starts with another one, so that none always runs in the shadow of the same.
    for ((i = 0; i < ${#runs[@]}; i++)); do
      for t in "${!trees[@]}"; do time_run "$kind" "$t" "${runs[(i + round) % ${#runs[@]}]}"; done
    done
  done
  for t in "${!trees[@]}"; do print_table "$kind" "$t"; done
  print_targets "$kind"
  echo
done
total=$((rounds * ${#runs[@]} * ${#trees[@]} * ${#kinds[@]}))
echo "$disturbed of $total runs were disturbed by other processes"
tell_load after
exit $((missed * 3))
