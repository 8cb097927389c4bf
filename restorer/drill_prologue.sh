# shellcheck shell=sh
# What every drill's script begins with: $1 is the scratch folder, with the restored copy in data/.
#
#   step 'checkout of r12'   a step begins, with a word for people
#   fact youngest 12         what is compared by the program
#
set -eu
umask 077
cd -- "$1"
export HOME="$PWD" # caches of tools
step() { printf '+%s\n' "$1"; }
fact() { printf '=%s %s\n' "$1" "$2"; }
# A path in a URL has some letters in another form.
# shellcheck disable=SC2034  # used by what comes after
url=file://$(pwd -P | sed 's/%/%25/g; s/ /%20/g; s/#/%23/g; s/?/%3F/g')
