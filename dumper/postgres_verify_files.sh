# Reads the files of a cluster that was shut down: its control file, and every page where it has
# checksums.
#   $1 folder of the server's programs   $2 the copy: pgdata/ and tablespaces/ in it
set -eu
bin=$1 copy=$2
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
"$bin/pg_controldata" "$copy/pgdata" >"$work/control"
grep -q '^Database cluster state: *shut down' "$work/control" || {
  echo "its state is not 'shut down'" >&2
  exit 1
}
# Which program has read it. Without checksums, and before 12, there is no more to read.
if grep -q '^Data page checksum version: *0$' "$work/control" || ! [ -x "$bin/pg_checksums" ]; then
  "$bin/pg_controldata" --version
  exit 0
fi
# The links to tablespaces lead to where they were: it reads through links to the copies.
mkdir "$work/data" "$work/data/pg_tblspc"
for each in "$copy"/pgdata/*; do
  [ "${each##*/}" = pg_tblspc ] || ln -s "$each" "$work/data/"
done
for each in "$copy"/tablespaces/* "$copy"/pgdata/pg_tblspc/*; do
  link=$work/data/pg_tblspc/${each##*/}
  [ ! -d "$each" ] || [ -e "$link" ] || ln -s "$each" "$link"
done
"$bin/pg_checksums" --check -D "$work/data" >&2
"$bin/pg_checksums" --version
