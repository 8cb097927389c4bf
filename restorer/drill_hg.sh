# shellcheck shell=sh disable=SC2154  # after drill_prologue.sh
# $2 a name that is free in the repository. HGRCPATH names the only configuration.
h() { command hg --noninteractive "$@"; }
if [ -e data/.hg/store/journal ] || [ -e data/.hg/journal ]; then
  step 'hg recover of an abandoned transaction'
  h -R data recover -q
fi
step 'hg log'
# The last one there is, hidden ones among them.
last=$(h --hidden -R data log -r tip -T '{rev} {node}')
fact changesets "$((${last%% *} + 1))"
fact tip "${last#* }"
take() { # REPOSITORY REVISION: its files, without those of repositories inside it
  if h -R "$1" files -q -r "$2" path:.hgsub >/dev/null 2>&1; then
    h -R "$1" archive -q -r "$2" "$PWD/exported"
    rm -rf exported
  else
    h -R "$1" update -q -C -r "$2"
  fi
}
known() { # REPOSITORY: what every other one may know of it, a line a changeset
  h -R "$1" log -r 'not secret()' -T '{node} {phase} {bookmarks}\n' >"$1.known"
}

step 'clone'
h clone -q --pull -U data clone
step 'phases and bookmarks, equal in the clone'
known data
known clone
fact known "$(sort data.known | sha256sum)"
fact cloned "$(sort clone.known | sha256sum)"
visible=$(h -R data log -r tip -T '{rev}')
if [ "${visible:--1}" -ge 0 ]; then
  step 'update to the tip'
  take data tip
fi
changesets=$(wc -l <clone.known)
if [ "$changesets" -gt 0 ]; then
  step 'update to an older changeset'
  take clone "$((changesets / 2))"
fi
step 'a commit'
h -R data update -q -C null
echo drill >"data/$2"
h -R data commit -q -A -u drill -m 'a drill of repo-restore' "data/$2"
