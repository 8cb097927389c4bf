# shellcheck shell=bash
# Sourced by compare_dump.sh and compare_restore.sh: the repositories that they measure on. The real
# tools make them; what is in them depends on the seed alone, but for the times that Subversion
# writes down.
#
# Uses: seed, cores, work.

# What hg sees of the user who runs this: nothing. largefiles keeps a second copy in usercache.
export HGRCPATH='' HGPLAIN=1 HGUSER=bench
hg_settings=(--config "largefiles.usercache=$work/hg-usercache")

# bytes SIZE N: SIZE bytes that no compressor makes smaller, the N-th stream of the seed.
bytes() {
  head -c "$1" /dev/zero |
    openssl enc -aes-128-ctr -nosalt -iv 0 -K "$(printf '%016x%016x' "$seed" "$2")" 2>/dev/null
}

text() { bytes "$1" "$2" | base64; }

# in_parallel FUNCTION N: FUNCTION 0 … FUNCTION N-1, as many at once as there are processors.
in_parallel() {
  local worker pids=() pid
  for ((worker = 0; worker < cores; worker++)); do
    (for ((i = worker; i < $2; i += cores)); do "$1" "$i"; done) &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do wait "$pid"; done
}

svn_commit() {  # svn_commit REPOSITORY FILE SIZE N: a commit that adds FILE, or changes it
  text "$3" "$4" >"$work/svn.$BASHPID"
  svnmucc -m "commit $4" -U "file://$1" put "$work/svn.$BASHPID" "$2" >/dev/null
  rm -- "$work/svn.$BASHPID"
}

hg_commit() {  # hg_commit REPOSITORY FILE SIZE N
  text "$3" "$4" >"$1/$2"
  hg "${hg_settings[@]}" -R "$1" commit -q -A -d "$4 0" -m "commit $4" "$1/$2"
}

# Small repositories have grown to different sizes: so many commits have the templates of a kind.
template_commits=(3 8 16 30)
templates=${#template_commits[@]}

make_template() {
  local t=$(($1 / 2)) n
  local svn=$work/template/svn.$t hg=$work/template/hg.$t
  if (($1 % 2 == 0)); then
    svnadmin create "$svn"
    for ((n = 1; n <= template_commits[t]; n++)); do
      svn_commit "$svn" "file$((n % 12))" $((300 + n * 997 % 6000)) $((t * 1000 + n))
    done
  else
    hg init "$hg"
    for ((n = 1; n <= template_commits[t]; n++)); do
      hg_commit "$hg" "file$((n % 12))" $((300 + n * 997 % 6000)) $((t * 1000 + n))
    done
  fi
}

# The K-th repository is a copy of a template with an identity and a commit or two of its own.
make_svn() {
  local repository=$sources/svn/$1 n
  cp -a -- "$work/template/svn.$(($1 % templates))" "$repository"
  svnadmin setuuid "$repository" "$(printf '%08x-0000-4000-8000-%012x' "$seed" "$1")"
  for ((n = 0; n <= $1 % 2; n++)); do
    svn_commit "$repository" "own$n" $((500 + $1 * 37 % 3000)) $((100000 + $1 * 10 + n))
  done
}

make_hg() {
  local repository=$sources/hg/$1
  cp -a -- "$work/template/hg.$(($1 % templates))" "$repository"
  hg_commit "$repository" own $((500 + $1 * 37 % 3000)) $((200000 + $1 * 10))
}

# make_small SVN HG: so many repositories in $sources/svn and $sources/hg.
make_small() {
  mkdir -p -- "$sources/svn" "$sources/hg" "$work/template"
  in_parallel make_template $((2 * templates))
  in_parallel make_svn "$1"
  in_parallel make_hg "$2"
}

change_svn() { svn_commit "$sources/svn/$(($1 * 20))" changed 1500 $((300000 + round * 1000 + $1)); }
change_hg() { hg_commit "$sources/hg/$(($1 * 20))" changed 1500 $((400000 + round * 1000 + $1)); }

# change_some SVN HG: a commit in every twentieth of so many.
change_some() {
  in_parallel change_svn $((($1 + 19) / 20))
  in_parallel change_hg $((($2 + 19) / 20))
}

# make_hg_files REPOSITORY FILES
make_hg_files() {
  local n
  hg init "$1"
  for ((n = 0; n < $2; n++)); do
    mkdir -p -- "$1/folder$((n % 20))"
    text $((200 + n * 61 % 4000)) $((500000 + n)) >"$1/folder$((n % 20))/file$n"
  done
  hg -R "$1" commit -q -A -d '0 0' -m "$2 files"
}

# add_largefile REPOSITORY BYTES: commits it with the largefiles extension; only .hg keeps it.
add_largefile() {
  hg_settings+=(--config extensions.largefiles=)  # needed by whatever works on it from now on
  bytes "$2" 600000 >"$1/large.bin"
  hg "${hg_settings[@]}" -R "$1" add -q --large "$1/large.bin"
  hg "${hg_settings[@]}" -R "$1" commit -q -d '1 0' -m 'a large file'
  rm -rf -- "$work/hg-usercache" "$1/large.bin"
}

# make_large_svn REPOSITORY REVISIONS BYTES: each revision adds a file of so many bytes.
make_large_svn() {
  local n
  svnadmin create "$1"
  for ((n = 1; n <= $2; n++)); do
    bytes "$3" $((700000 + n)) >"$work/content"
    svnmucc -m "revision $n" -U "file://$1" put "$work/content" "file$n" >/dev/null
  done
  rm -- "$work/content"
}

# dump_stream REVISIONS: for svnadmin load; each revision changes one of a hundred small files.
dump_stream() {
  text $((4 << 20)) 800000 | tr -d '\n' | fold -w 1000 |
    LC_ALL=C awk -v revisions="$1" '
      function properties(text) {
        return "Prop-content-length: " length(text) "\nContent-length: "
      }
      BEGIN {
        print "SVN-fs-dump-format-version: 2\n"
        log_text = "K 7\nsvn:log\nV 6\nchange\nPROPS-END\n"
      }
      NR > revisions { next }  # to the end: a closed pipe would be an error
      {
        printf "Revision-number: %d\n%s%d\n\n%s\n", NR, properties(log_text), length(log_text), log_text
        body = $0 "\n" NR "\n"
        printf "Node-path: file%d\nNode-kind: file\nNode-action: %s\n", NR % 100, NR <= 100 ? "add" : "change"
        printf "Text-content-length: %d\nContent-length: %d\n\n%s\n\n", length(body), length(body), body
      }'
}

make_long_svn() {  # make_long_svn REPOSITORY REVISIONS
  svnadmin create "$1"
  dump_stream "$2" | svnadmin load -q --no-flush-to-disk "$1"
}
