# shellcheck shell=sh disable=SC2154  # after drill_prologue.sh
# $2 the git directory, relative to data; $3 a word for people that says whose it is; $4 a branch
# that is free, or empty: nothing is pushed; $5 yes: a partial clone, of which nothing is cloned.
here=$PWD
cd -- "$here/data/$2" || exit
git=$PWD
source=file://$(pwd -P | sed 's/%/%25/g')
cd -- "$here" || exit
of=$3 own=$4 partial=$5
step "fsck$of"
git --git-dir="$git" fsck --full --no-dangling --no-progress >&2
[ "$partial" = no ] || exit 0

refs() { # GIT-DIRECTORY HEADS TAGS PARTS: ID and name of each, without so many parts
  git --git-dir="$1" for-each-ref --format="%(objectname) heads/%(refname:lstrip=$4)" "$2" >list
  git --git-dir="$1" for-each-ref --format="%(objectname) tags/%(refname:lstrip=$4)" "$3" >>list
  sort list
}
step "clone over file://$of"
git clone -q --no-checkout "$source" clone >&2
step "branches and tags, equal in the clone$of"
git -C clone fetch -q --no-tags origin '+refs/heads/*:refs/drill/heads/*' \
  '+refs/tags/*:refs/drill/tags/*' >&2
refs "$git" refs/heads refs/tags 2 >known
refs clone/.git refs/drill/heads refs/drill/tags 3 >cloned
differing=$(diff known cloned | sed -n '2{p;q}')
fact differing "$differing"
git --git-dir="$git" for-each-ref --format='%(objectname)' refs/heads >ids
sort -u ids >commits
count=$(wc -l <commits)
if [ "$count" -gt 0 ]; then step "checkout of $count branch heads$of"; fi
# What fsck has read and git will not write here is whole all the same: names like ".git/config".
refused=0
while read -r commit; do
  said=$(git -C clone -c core.protectNTFS=false -c core.protectHFS=false checkout -q -f --detach \
    "$commit" 2>&1) && continue
  printf '%s\n' "$said" >&2
  case $said in *'invalid path'*) refused=$((refused + 1)) ;; *) exit 1 ;; esac
done <commits
if [ "$refused" -gt 0 ]; then step "$refused of them have names that git does not write$of"; fi
if [ -n "$own" ]; then
  step "a push$of"
  if [ "$count" -eq 0 ]; then # a clone of nothing does not know of which format it is
    rm -rf clone
    format=$(git --git-dir="$git" rev-parse --show-object-format)
    git init -q --object-format="$format" clone >&2
    git -C clone remote add origin "$source"
  fi
  tree=$(git -C clone hash-object -t tree -w --stdin </dev/null)
  commit=$(git -C clone commit-tree -m 'a drill of repo-restore' "$tree")
  git -C clone push -q origin "$commit:refs/heads/$own" >&2
fi
rm -rf clone
