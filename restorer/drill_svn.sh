# shellcheck shell=sh disable=SC2154  # after drill_prologue.sh
# $2 fsfs or bdb; $3 a name that is free in the repository.
repository=$url/data
s() { command svn --non-interactive --config-dir "$PWD/config" "$@"; }
if [ "$2" = bdb ]; then
  step 'svnadmin recover'
  svnadmin recover data >&2
fi
step 'svnlook'
uuid=$(svnlook uuid data)
fact uuid "$uuid"
youngest=$(svnlook youngest data)
fact youngest "$youngest"
older=$((youngest / 2))

step "log of r$youngest"
s log -q -r "$youngest" "$repository@" >log
step "checkout of r$youngest"
s checkout -q --ignore-externals --depth empty "$repository@" wc
# What svn will not write here is whole all the same: a folder that is called as its own.
refused=no
deepen() {
  said=$(s update -q --ignore-externals --set-depth "$1" "$2@" 2>&1) && return
  printf '%s\n' "$said" >&2
  case $said in *'administrative directory'*) refused=yes ;; *) exit 1 ;; esac
  s cleanup wc
}
is_folder() { [ -d "$1" ] && [ ! -h "$1" ]; }
deepen immediates wc
if is_folder wc/trunk; then
  deepen infinity wc/trunk
else
  for folder in wc/* wc/.*; do
    case ${folder##*/} in . | .. | .svn) continue ;; esac
    is_folder "$folder" || continue
    deepen immediates "$folder"
    if is_folder "$folder/trunk"; then folder=$folder/trunk; fi
    deepen infinity "$folder"
  done
fi
if [ "$refused" = yes ]; then step 'it has names that svn does not write'; fi
if [ "$refused" = no ] && [ "$older" -lt "$youngest" ]; then
  step "log of r$older"
  s log -q -r "$older" "$repository@" >log
  step "update to r$older"
  s update -q --ignore-externals -r "$older" wc
fi
rm -rf wc
step 'a commit'
s mkdir -q --username drill -m 'a drill of repo-restore' "$repository/$3@"
after=$(svnlook youngest data)
fact after "$after"
