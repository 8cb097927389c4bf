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

heads() { git --git-dir="$git" for-each-ref --format="$1" refs/heads; }
tags() { git --git-dir="$1" for-each-ref --format='%(objectname) %(refname)' refs/tags; }
digest() { sed '/^$/d' "$1" | sort | sha256sum; }
step "clone over file://$of"
git clone -q --no-checkout "$source" clone >&2
step "branches and tags, equal in the clone$of"
heads '%(objectname) %(refname:lstrip=2)' >known
tags "$git" >>known
git -C clone for-each-ref refs/remotes/origin \
  --format='%(if)%(symref)%(then)%(else)%(objectname) %(refname:lstrip=3)%(end)' >cloned
tags clone/.git >>cloned
fact known "$(digest known)"
fact cloned "$(digest cloned)"
heads '%(objectname)' >ids
sort -u ids >commits
count=$(wc -l <commits)
if [ "$count" -gt 0 ]; then step "checkout of $count branch heads$of"; fi
# What fsck has read and git will not write here is whole all the same: names like ".git/config".
refused=0
while read -r commit; do
  git -C clone checkout -q -f --detach "$commit" 2>said && continue
  cat said >&2
  grep -q 'invalid path' said || exit 1
  refused=$((refused + 1))
done <commits
if [ "$refused" -gt 0 ]; then step "$refused of them have names that git does not write$of"; fi
if [ -n "$own" ]; then
  step "a push$of"
  tree=$(git -C clone hash-object -t tree -w --stdin </dev/null)
  commit=$(git -C clone commit-tree -m 'a drill of repo-restore' "$tree")
  git -C clone push -q origin "$commit:refs/heads/$own" >&2
fi
rm -rf clone
