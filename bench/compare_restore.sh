#!/bin/bash
# usage: bench/compare_restore.sh [-b BIN] [-k] [-n ROUNDS] [-p PARTS] [-s SEED] [-z PERCENT]
#
# Measures repo-restore on copies of repositories that the real tools make, in turns with the same
# work done by hand, and says which of the targets are reached. As root. Part by part:
#
#   a  restore of one generation, against `cp -a` and `sha256sum -c` of the same tree: an svn
#      repository of 1 GB in 20 revisions, and one of 10,000 small revisions
#   b  drills of 400 small items (200 svn, 100 hg, 100 git), against a loop that types the same steps:
#      cp -a, sha256sum -c, and the commands of restorer/drill_*.sh
#
#   -b BIN      folder of repo-scan, repo-dump and repo-restore (default build/release/bin)
#   -k          keep the repositories that were made, and say where
#   -n ROUNDS   each of the repeated runs so many times (default 3)
#   -p PARTS    only these parts (default ab)
#   -s SEED     of the repositories' contents (default 1)
#   -z PERCENT  so much of the sizes and numbers above (default 100), to try the script
#
# Works below $TMPDIR or /tmp, in 5 GB at most.
# Exit status: 0; 3 when a target was missed; 1 when something went wrong; 2 for a wrong option.
# shellcheck disable=SC2317  # functions that measure calls
set -euo pipefail
export LC_ALL=C.UTF-8
here=$(dirname -- "$(readlink -f -- "$0")")

usage() { sed -n '2s/^# //p' "$0" >&2; exit 2; }
# shellcheck source-path=SCRIPTDIR
source "$here/figures.sh"
read_arguments ab "$@"

die() { echo "compare_restore.sh: $*" >&2; exit 1; }

((EUID == 0)) || die "needs root, as the nightly job does"
for each in svnadmin svn svnmucc hg git openssl bwrap "$bin/repo-scan" "$bin/repo-dump" \
  "$bin/repo-restore"; do
  command -v -- "$each" >/dev/null || die "$each is missing"
done
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

dump() {  # dump DIRECTORY ROOT
  "$bin/repo-scan" -q -o "$work/manifest.json" "$1"
  "$bin/repo-dump" -q --to "$2" "$work/manifest.json" >"$work/dumped" 2>&1 ||
    die "$(tail -n 3 -- "$work/dumped")"
}

# ---- a

by_hand() {  # by_hand GENERATION TARGET
  cp -aT -- "$1/data" "$2" && (cd -- "$1" && sha256sum --quiet -c SHA256SUMS)
}

by_us() {  # by_us REPOSITORY TARGET
  "$bin/repo-restore" restore "$1" --to "$2" --from "$work/root.a"
}

restores() {
  local name repository generation round
  mkdir -- "$work/a"
  make_large_svn "$work/a/large" 20 $(($(scaled $((1 << 30))) / 20))
  make_long_svn "$work/a/long" "$(scaled 10000)"
  dump "$work/a" "$work/root.a"
  for name in large long; do
    repository=$work/a/$name
    generation=$(dirname -- "$(grep -l "\"path\": \"$repository\"" "$work"/root.a/current/*/*/item.json)")
    by_hand "$generation" "$work/warm"  # once before, so that all is in memory for both
    rm -rf -- "$work/warm"
    for ((round = 1; round <= rounds; round++)); do
      measure "hand.$name" by_hand "$generation" "$work/hand"
      measure "restore.$name" by_us "$repository" "$work/restored"
      diff -r -- "$work/hand" "$work/restored" >/dev/null || die "$name: restored otherwise"
      rm -rf -- "$work/hand" "$work/restored"
    done
    against a "restore of $name" "hand.$name" "restore.$name" 0.8
  done
  rm -rf -- "$work/a" "$work/root.a"
}

# ---- b

make_git() {
  local repository=$sources/git/$1 n
  git init -q "$repository"
  for ((n = 0; n < template_commits[$1 % templates]; n++)); do
    text $((300 + n * 997 % 6000)) $((800000 + $1 * 100 + n)) >"$repository/file$((n % 12))"
    git -C "$repository" add -A
    git -C "$repository" -c user.name=bench -c user.email=bench@localhost commit -q -m "commit $n"
  done
  git -C "$repository" branch side HEAD~1
}

# What a person would type for one copy, hooks and settings apart.
drill_by_hand() {  # drill_by_hand GENERATION KIND
  local scratch=$work/scratch kind=$2 extra=()
  mkdir -- "$scratch"
  cp -aT -- "$1/data" "$scratch/data"
  (cd -- "$1" && sha256sum --quiet -c SHA256SUMS)
  case $kind in
    svn) extra=(fsfs drill) ;;
    hg) extra=(drill no) ;;
    git) extra=(.git '' drill no) ;;
  esac
  sh -c "$(cat -- "$here/../restorer/drill_prologue.sh" "$here/../restorer/drill_$kind.sh")" drill \
    "$scratch" "${extra[@]}"
  rm -rf -- "$scratch"
}

loop_of_drills() {
  local generation
  for generation in "$work"/root.b/current/*/*; do
    drill_by_hand "$generation" "$(basename -- "$(dirname -- "$generation")")" || return 1
  done
}

drills() {
  local sources=$work/b svn hg git round
  svn=$(scaled 200)
  hg=$(scaled 100)
  git=$(scaled 100)
  make_small "$svn" "$hg"
  mkdir -- "$sources/git"
  in_parallel make_git "$git"
  dump "$sources" "$work/root.b"
  for ((round = 1; round <= rounds; round++)); do
    measure typed loop_of_drills
    measure drilled "$bin/repo-restore" --drill --all --from "$work/root.b"
    grep -q "^$((svn + hg + git)) passed, 0 failed, 0 not run" "$work/out" ||
      die "$(tail -n 1 -- "$work/out")"
  done
  row b "$((svn + hg + git)) drills, of the time of the loop" \
    "$(quotient "$(median drilled)" "$(median typed)")" x '<=' 0.7 \
    "$(median drilled) s : $(median typed) s"
}

describe_commit
echo "command   bench/compare_restore.sh -n $rounds -p $parts -s $seed -z $percent"
describe_machine "$work"
echo "peers     $(svn --version -q), $(hg --version -q | head -n 1), $(git --version)"
tell_load before
[[ $parts != *a* ]] || restores
[[ $parts != *b* ]] || drills
tell_load after
exit $((missed ? 3 : 0))
