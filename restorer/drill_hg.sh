# shellcheck shell=sh disable=SC2154  # after drill_prologue.sh
# $2 a name that is free in the repository. HGRCPATH names the only configuration. $3 yes: hg
# itself is to say how many changesets there are afterwards.
# Blobs of lfs are fetched from where a clone has its changesets from.
h() { command hg --noninteractive --config "lfs.url=$url/data/.hg/store/lfs/objects" "$@"; }
if [ -e data/.hg/store/journal ] || [ -e data/.hg/journal ]; then
  step 'hg recover of an abandoned transaction'
  h -R data recover -q
fi
step 'hg log'
# The last one there is, hidden ones among them.
last=$(h --hidden -R data log -r tip -T '{rev} {node}')
fact changesets "$((${last%% *} + 1))"
fact tip "${last#* }"
subrepositories=$(find data/.hg -name '*hgsub.i')
take() { # REPOSITORY REVISION: its files, without those of repositories inside it
  if [ -n "$subrepositories" ]; then
    h -R "$1" archive -q -r "$2" "$PWD/exported"
    rm -rf exported
  else
    h -R "$1" update -q -C -r "$2"
  fi
}
# What every other repository may know of it, a line a changeset; hg sends no divergent bookmarks.
bookmarks="{bookmarks % \"{ifcontains('@', bookmark, '', '{bookmark} ')}\"}"
known() { # REPOSITORY
  h -R "$1" log -r 'not secret()' -T "{node} {phase} $bookmarks\n" >list
  sort list >"$1.known"
}

step 'clone'
h clone -q --pull -U data clone
step 'phases and bookmarks, equal in the clone'
known data
known clone
differing=$(diff data.known clone.known | sed -n '2{p;q}')
fact differing "$differing"
step 'update to the tip'
take data tip
changesets=$(wc -l <clone.known)
if [ "$changesets" -gt 0 ]; then
  step 'update to an older changeset'
  take clone "$((changesets / 2))"
fi
step 'a commit'
echo drill >"data/$2"
h -R data commit -q -A -u drill -m 'a drill of repo-restore' "data/$2"
if [ "$3" = yes ]; then
  after=$(h -R data log -r tip -T '{rev}')
  fact after "$((after + 1))"
fi
