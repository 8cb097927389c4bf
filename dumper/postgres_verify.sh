# Reads every dump of a cluster's copy, whole: exit codes of pg_dump, and pg_restore -l, say less.
#   $1 folder of the server's programs   $2 folder of dumps
set -eu
for dump in "$2"/*; do
  [ -e "$dump" ] || continue
  "$1/pg_restore" -f /dev/null "$dump" || {
    echo "the dump ${dump##*/} cannot be read" >&2
    exit 1
  }
done
