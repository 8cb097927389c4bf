# shellcheck shell=bash
# Sourced by compare_*.sh: what was compared, where, and the figures.
#
# Uses: here, cores; for figures also work (with the folder figures), percent, die().

# read_arguments PARTS ARGUMENT...: the options of a script that measures part by part. Sets bin, keep,
# rounds, parts, seed, percent. PARTS: all that there are, as "abc".
read_arguments() {
  local all=$1 option
  shift
  bin=$here/../build/release/bin keep=0 rounds=3 parts=$all seed=1 percent=100
  while getopts b:kn:p:s:z: option; do
    case $option in
      b) bin=$OPTARG ;;
      k) keep=1 ;;
      n) rounds=$OPTARG ;;
      p) parts=$OPTARG ;;
      s) seed=$OPTARG ;;
      z) percent=$OPTARG ;;
      *) usage ;;
    esac
  done
  [[ $((OPTIND - 1)) -eq $# && $rounds =~ ^[1-9][0-9]*$ && $parts =~ ^[$all]+$ ]] || usage
  [[ $seed =~ ^[0-9]+$ && $percent =~ ^[1-9][0-9]*$ ]] || usage
}

describe_commit() {
  local commit changed=''
  commit=$(git -C "$here" rev-parse --short=12 HEAD 2>/dev/null) || commit=unknown
  git -C "$here" diff --quiet HEAD -- ../base ../scanner ../dumper ../restorer 2>/dev/null ||
    changed=' (changed since)'
  echo "commit    $commit$changed"
}

describe_machine() {  # describe_machine DIRECTORY: and the file system that this is on
  echo "machine   $cores cores, $(sed -n '/^model name/ {s/.*: //p; q}' /proc/cpuinfo)," \
    "$(awk '/^MemTotal/ {printf "%.0f GB", $2 / 1e6}' /proc/meminfo), Linux $(uname -r)," \
    "$(df --output=fstype -- "$1" | tail -n 1)"
}

tell_load() { echo "load      $(cut -d ' ' -f 1-3 /proc/loadavg) $1"; }

scaled() { echo $((($1 * percent + 99) / 100)); }

# measure NAME COMMAND...: runs it once, and adds its seconds to the figures of NAME.
measure() {
  local name=$1 TIMEFORMAT=%3R
  shift
  sync -f "$work"  # else it would wait for what another one has written
  { time "$@" >"$work/out" 2>"$work/err"; } 2>"$work/time" ||
    die "failed: $*: $(tail -n 3 -- "$work/err")"
  cat -- "$work/time" >>"$work/figures/$name"
}

median() {
  sort -g -- "$work/figures/$1" |
    awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}
greatest() { sort -g -- "$work/figures/$1" | tail -n 1; }
quotient() { awk "BEGIN { printf \"%.4f\", ($1) / ($2) }"; }
sum() { awk "BEGIN { printf \"%.3f\", $1 + $2 }"; }

# row PART WHAT FIGURE UNIT RELATION TARGET DETAIL: a line of the table. RELATION is >= or <=, or
# "-" where there is no target.
missed=0
row() {
  local verdict=
  if [[ $5 != - ]]; then
    verdict=reached
    awk "BEGIN { exit !($3 $5 $6) }" || { verdict=MISSED; missed=1; }
  fi
  [[ $5 == - ]] && set -- "$1" "$2" "$3" "$4" '' '' "$7"
  printf '%s  %-46s %9.2f %-3s %2s %-6s %-8s %s\n' "$1" "$2" "$3" "$4" "$5" "$6" "$verdict" "$7"
}

# against PART WHAT PEER OURS TARGET: how many times as fast as the peer, by the medians.
against() {
  local peer ours relation='>='
  peer=$(median "$3")
  ours=$(median "$4")
  [[ $5 ]] || relation=-
  row "$1" "$2" "$(quotient "$peer" "$ours")" x "$relation" "$5" "$peer s : $ours s"
}
