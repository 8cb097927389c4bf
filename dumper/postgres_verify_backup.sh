# Reads a base backup whole: every file against the manifest that its server sent, and the log that
# it needs.
#   $1 folder of the server's programs   $2 the copy: pgdata/ and tablespaces/ in it
set -eu
"$1/pg_verifybackup" -e "$2/pgdata" >&2
