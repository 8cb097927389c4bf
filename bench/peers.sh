# shellcheck shell=bash
# Sourced by compare_peers.sh: the peers' command lines, what they find, and how they compare.
#
# Uses: here, bin, work, trees, runs, labels, count, die(), and figures.sh.

bfs_has_jobs=0
if bfs -j2 . -maxdepth 0 >/dev/null 2>&1; then bfs_has_jobs=1; fi  # from 3.0 on

# set_command TREE RUN: sets `cmd`. No `.git` among the names: its HEAD and objects lead to it.
set_command() {
  local top=${trees[$1]} peer=${2%% *} setting=() \
    names=('(' -name .hg -o -name db -o -name format -o -name HEAD -o -name objects ')'
      -printf '%y%p\0')
  read -ra setting <<<"${2#"$peer"}"
  case $peer in
    repo-scan) cmd=("$bin/repo-scan" -q --list -0 "${setting[@]}" "$top") ;;
    floor) cmd=("$bin/bench-floor" "${setting[@]}" "$top") ;;
    find) cmd=(find "$top" "${names[@]}") ;;
    bfs) cmd=(bfs ${setting[1]+"-j${setting[1]}"} "$top" "${names[@]}") ;;
    fdfind) cmd=(fdfind -u "${setting[@]}" -0 '^(\.hg|db|format|HEAD|objects)$' "$top") ;;
    python) cmd=(/usr/bin/python3 "$here/os_walk_baseline.py" "$top") ;;
  esac
}

# run_once TREE RUN: leaves its output in $work/out, and in $work/time its seconds: elapsed, user,
# system.
run_once() {
  local cmd TIMEFORMAT='%3R %3U %3S'
  set_command "$1" "$2"
  { time "${cmd[@]}" >"$work/out" 2>"$work/err"; } 2>"$work/time" ||
    die "failed: ${cmd[*]}: $(tail -n 1 "$work/err")"
}

describe_commands() {
  local run cmd seen=' '
  for run in "${runs[@]}"; do
    [[ $seen != *" ${run%% *} "* ]] || continue
    seen+="${run%% *} "
    set_command 0 "$run"
    printf 'command  '
    printf ' %q' "${cmd[@]}"
    echo
  done
}

# ---- what they find

# stdin: hits of find, a type letter before each path. stdout: the repositories, as the probes of
# repo-scan judge them. Everything with NULs.
second_look() {
  local hit path parent content
  local -A with_db=() with_format=() with_head=() with_objects=()
  while IFS= read -r -d '' hit; do
    path=${hit:1}
    parent=${path%/*}
    case ${hit:0:1}${path##*/} in
      ddb) with_db[$parent]=1 ;;
      fformat) with_format[$parent]=1 ;;
      fHEAD) with_head[$parent]=1 ;;
      dobjects) with_objects[$parent]=1 ;;
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
  for parent in "${!with_objects[@]}"; do
    [[ ${with_head[$parent]-} && -d $parent/refs && $(<"$parent/HEAD") == 'ref: refs/'* ]] ||
      continue
    printf '%s\0' "${parent%/.git}"
  done
}

# fdfind names no types but ends directories with '/'.
fdfind_hits() {
  local path
  while IFS= read -r -d '' path; do
    if [[ $path == */ ]]; then printf 'd%s\0' "${path%/}"; else printf 'f%s\0' "$path"; fi
  done
}

repositories_of() {  # repositories_of PEER: whose output is in $work/out
  case $1 in
    find | bfs) second_look <"$work/out" ;;
    fdfind) fdfind_hits <"$work/out" | second_look ;;
    *) cat "$work/out" ;;
  esac | sort -z
}

# check_repositories TREE: runs everything once and sees that all of it leads to the same.
check_repositories() {
  local run
  run_once "$1" repo-scan
  repositories_of repo-scan >"$work/expected"
  for run in "${runs[@]}"; do
    run_once "$1" "$run"
    [[ $run != floor* ]] || continue
    repositories_of "${run%% *}" >"$work/found"
    if ! cmp -s "$work/expected" "$work/found"; then
      diff <(tr '\0' '\n' <"$work/expected") <(tr '\0' '\n' <"$work/found") | head -n 20 >&2 || true
      die "$run and repo-scan differ (< repo-scan, > $run)"
    fi
  done
  echo "checked   all of them lead to the same $(tr -dc '\0' <"$work/expected" | wc -c)" \
    "repositories"
}

stat_of() { sed -n 's/^ *"'"$1"'": \([0-9]*\),\?$/\1/p' "$work/manifest"; }

# check_floor TREE: the floor must have seen what repo-scan sees. Sets the tree's label.
check_floor() {
  local option
  for option in '' --no-leaf-skip; do
    "$bin/repo-scan" -q ${option:+"$option"} -o "$work/manifest" "${trees[$1]}" ||
      die "repo-scan failed"
    run_once "$1" "floor --probes $option"
    [[ $(<"$work/out") == "$(stat_of directories) directories, $(stat_of entries) entries" ]] ||
      die "floor $option: $(<"$work/out"); repo-scan: $(stat_of directories), $(stat_of entries)"
  done
  labels[$1]=$(stat_of directories)/$(grep -c '"store": ' "$work/manifest" || true)
}

# ---- how they compare

# best KIND TREE PATTERN: sets `fastest` to the run with the lowest median of those that match.
best() {
  local run seconds lowest=
  for run in "${runs[@]}"; do
    [[ $run =~ $3 ]] || continue
    seconds=$(median "$1.$2.$run")
    if [[ ! $lowest ]] || awk "BEGIN { exit !($seconds < $lowest) }"; then
      lowest=$seconds
      fastest=$run
    fi
  done
}

print_table() {  # print_table KIND TREE
  local run ours seconds
  ours=$(median "$1.$2.repo-scan")
  printf '%-30s %9s %9s %9s %7s\n' "$1, ${labels[$2]}" 'median s' 'cpu s' fastest ratio
  for run in "${runs[@]}"; do
    seconds=$(median "$1.$2.$run")
    printf '%-30s %9.3f %9.3f %9.3f %7.2f\n' "$run" "$seconds" "$(median "$1.$2.$run.cpu")" \
      "$(sort -g -- "$work/figures/$1.$2.$run" | head -n 1)" "$(quotient "$seconds" "$ours")"
  done
  echo
}

# compare KIND WHAT RUN OTHER TARGET [TREE OTHER_TREE]: how many times as long the first run takes
# as the other one, by the medians. TARGET is ">= 4", say; empty where there is none.
compare() {
  local one other relation=${5%% *}
  one=$(median "$1.${6-0}.$3")
  other=$(median "$1.${7-0}.$4")
  row "$1" "$2" "$(quotient "$one" "$other")" x "${relation:--}" "${5#* }" \
    "$one s ($3) : $other s ($4)"
}

# Of repo-scan as a user calls it, against the best setting of each peer.
print_targets() {  # print_targets KIND
  local fastest peer target bare=--no-leaf-skip at_most=
  [[ $1 == cold ]] || at_most='<= 1.25'
  if [[ $count ]]; then
    best "$1" 1 '^floor'
    compare "$1" "$count repositories against none" repo-scan repo-scan '<= 1.25' 1 0
    compare "$1" '  without the leaf skip' "repo-scan $bare" "repo-scan $bare" '' 1 0
    compare "$1" '  the floor' "$fastest" "$fastest" '' 1 0
    compare "$1" "$count repositories against the floor" repo-scan "$fastest" '' 1 1
    return
  fi
  for peer in fdfind bfs find python; do
    case $1.$peer in
      warm.*) target='>= 4' ;;
      cold.fdfind) target='>= 3' ;;
      cold.bfs) target='' ;;
      cold.*) target='>= 8' ;;
    esac
    best "$1" 0 "^$peer"
    compare "$1" "$peer against repo-scan" "$fastest" repo-scan "$target"
  done
  best "$1" 0 '^floor -j [0-9]+$'
  compare "$1" 'repo-scan against the floor' repo-scan "$fastest" "$at_most"
  best "$1" 0 "^floor .*$bare"
  compare "$1" '  without the leaf skip' "repo-scan $bare" "$fastest" "$at_most"
}
