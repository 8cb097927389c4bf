#include "dumper/postgres_by_hand.h"

#include <fmt/format.h>

#include <algorithm>

#include "dumper/by_hand.h"
#include "dumper/postgres_server.h"

namespace repo {
namespace {

// `as COMMAND`: with nothing of this shell's environment, and where root does it as the owner, who
// has no hold of root's terminal. `value KEY`: of the copy's cluster file, whatever bytes it has.
// The settings of PGOPTIONS are those of the dump: dates and money are read as they were written.
constexpr const char* kHelpers = R"sh(    as() {{ {}\
      env -i -C / PATH="$B:/usr/bin:/bin" LC_ALL=C.UTF-8 \
      PGHOST="$X" PGPORT=5432 PGUSER="$R" PGOPTIONS="$O" "$@"; }}
    O='-c default_transaction_read_only=off {}'
    value() {{ sed -n "s/^$1 //p" "$C/data/cluster" | perl -pe 'chomp; s/%(..)/chr hex $1/ge'; }}
    settings() {{ echo "-c listen_addresses= -c unix_socket_directories=$X -c hba_file=$X/hba" \
      "-c port=5432 -c logging_collector=off $*"; }}
)sh";

// globals.sql is split at its semicolons, as postgres_globals.h says it: psql sees no line of it
// that begins with a backslash and no word that pg_dumpall does not write.
constexpr const char* kLoad =
    R"sh(    K=; case $(value data_checksums) in
      on) K=--data-checksums ;;
      off) if as initdb --help | grep -q -e --no-data-checksums; then K=--no-data-checksums; fi ;;
    esac
    as initdb -D "$S/new" -U "$R" --auth-local=peer --auth-host=scram-sha-256 $K \
      -E "$(value encoding)" --lc-collate="$(value collate)" --lc-ctype="$(value ctype)" >"$X/initdb"
    as pg_ctl -D "$S/new" -l "$X/log" -s -w \
      -o "$(settings -c allow_in_place_tablespaces=on -c fsync=off -c archive_mode=off)" start
    trap 'as pg_ctl -D "$S/new" -m immediate -s stop' EXIT
    perl -0777 -e '
      $r = shift; ($n = $r) =~ s/"/""/g; $_ = <STDIN>;
      $text = qr/E\x27(?:[^\x27\\]++|\\.|\x27\x27)*+\x27|\x27(?:[^\x27]++|\x27\x27)*+\x27/s;
      while (/\G(?:\s+|--.*|^\\(?:un)?restrict \w+$|((?:$text|"(?:[^"]|"")*+"|[\w\s,.=()*+-])++);)/gcm) {
        defined($s = $1) or next;
        $s =~ /^(SET|GRANT|REVOKE|COMMENT ON|SECURITY LABEL|(CREATE|ALTER) (ROLE|TABLESPACE)) /
          or die "globals.sql: pg_dumpall does not write this: $s\n";
        $s =~ /^CREATE ROLE "(.*[\r\n].*)"/s and index($_, qq{-- User Config "$1}) >= 0
          and die "globals.sql: a comment ends within the name of a role\n";
        next if $s eq "CREATE ROLE $r" or $s eq "CREATE ROLE \"$n\"";
        $s =~ s/ LOCATION $text$/ LOCATION \x27\x27/ if $s =~ /^CREATE TABLESPACE /;
        $own = index($s, "ALTER ROLE $r ") == 0 || index($s, "ALTER ROLE \"$n\" ") == 0;
        if ($own) { unshift @own, "$s;\n" } else { push @all, "$s;\n" }
        push @set, "$s;\n" if $s =~ /^SET /;
      }
      pos() == length() or die "globals.sql: pg_dumpall does not write this: " . substr($_, pos, 60) . "\n";
      /\n-- PostgreSQL database cluster dump complete\n/ or die "globals.sql is cut\n";
      open F, ">", "globals.sql" and print F @all and close F or die "globals.sql: $!\n";
      open F, ">", "last.sql" and print F @set, @own and close F or die "last.sql: $!\n";
    ' -- "$R" <copy/globals.sql
    chmod 644 globals.sql last.sql
    as psql -X -q -v ON_ERROR_STOP=1 -o /dev/null -d template1 -f "$S/globals.sql"
    V='^[0-9]*; [0-9]* [0-9]* MATERIALIZED VIEW DATA '
    for D in copy/databases/*; do
      as pg_restore -l -C "$S/$D" >list
      grep -av "$V" list >most; chmod 644 most
      case ${D##*/} in
        template1) as pg_restore --clean --if-exists -C -e -L "$S/most" -d postgres "$S/$D" ;;
        postgres) as pg_restore --clean --if-exists -C -e -L "$S/most" -d template1 "$S/$D" ;;
        *) as pg_restore -C -e -L "$S/most" -d template1 "$S/$D" ;;
      esac
    done
    for D in copy/databases/*; do
      N=$(printf %s "${D##*/}" | perl -pe "s/%(..)/chr hex \$1/ge; s/([\\\\'])/\\\\\$1/g"; echo .)
      as pg_restore -l "$S/$D" >list
      grep -a "$V" list | while IFS= read -r L; do
        printf '%s\n' "$L" >one; chmod 644 one
        as pg_restore -e -L "$S/one" -d "dbname='${N%.}'" "$S/$D" </dev/null ||
          echo "database ${D##*/}: this could not be computed, and is empty: ${L##* DATA }" >&2
      done
    done
    as vacuumdb -a -Z -q
    for N in lc_monetary lc_numeric lc_time timezone datestyle; do
      E=$(value "$N"); [ -n "$E" ] || continue
      printf '%s\n' "SELECT set_config(:'n', :'e', false) \g /dev/null" \
        "SELECT :'n' || ' = ''' || v || '''' FROM current_setting(:'n') v WHERE v !~ '[^ -&(-~]';" |
        as psql -X -q -A -t -v ON_ERROR_STOP=1 -v n="$N" -v e="$E" -d template1 >>new/postgresql.conf ||
        echo "$N was $E: this machine does not have that" >&2
    done
    as psql -X -q -v ON_ERROR_STOP=1 -o /dev/null -d template1 -f "$S/last.sql"
    as pg_ctl -D "$S/new" -m fast -s -w stop
    trap - EXIT
    for D in new/pg_tblspc/*; do
      [ -d "$D" ] || continue
      mkdir -p new/tablespaces
      mv -T -- "$D" "new/tablespaces/${D##*/}"
      ln -s -- "$A/tablespaces/${D##*/}" "$D"
    done
)sh";

// Each line of `owners` gives one entry what is its own.
constexpr const char* kFiles = R"sh(    tac "$C/owners" | while IFS= read -r line; do
      set -f; set -- $line; path=$(printf '%b.' "${line#* * * * * }"); path=copy/${path%.}
      [ -e "$path" ] || [ -L "$path" ] || continue
      chown -h "$3:$4" -- "$path"; [ -L "$path" ] || chmod "$2" -- "$path"
    done
    mv -T -- copy/pgdata new
    [ ! -e copy/configuration ] || mv -T -- copy/configuration new/restored-configuration
    for F in postgresql.conf pg_hba.conf pg_ident.conf; do
      [ ! -e "new/$F" ] || continue
      case $F in pg_hba.conf) echo 'local all all peer' ;; esac >"new/$F"
      chmod 600 "new/$F"; chown -h --reference=new/PG_VERSION -- "new/$F"
    done
    for L in new/pg_tblspc/*; do
      [ -h "$L" ] || continue
      mkdir -p new/tablespaces
      mv -T -- "copy/tablespaces/${L##*/}" "new/tablespaces/${L##*/}"
      ln -sfn -- "$A/tablespaces/${L##*/}" "$L"
    done
)sh";

constexpr const char* kWhatItTakes =
    R"(1. What it takes: PostgreSQL {0} (`apt-get install postgresql-{0}`), and the extensions that the
databases use. Where it goes, as whom it runs, where the programs are; for another place or user
change that, and nothing else.

    C=$PWD
    T={1}
{2}    S=$T.restoring
    A=$(readlink -m -- "$T"; echo .); A=${{A%??}}
    U={3} G={4}
    B=/usr/lib/postgresql/{0}/bin
    X=$(mktemp -d /tmp/restore.XXXXXX)
)";

constexpr const char* kOfDump =
    R"(3. A new cluster, made beside the place: on a socket that nobody else can reach, the roles with
their passwords, then every database. This runs code that superusers of the source have written,
as any restore of a dump does. Tablespaces come to lie in `tablespaces` of the data directory.
Materialised views are computed anew; one that cannot be is named, and empty. The first other
thing that fails ends it, and then nothing is in place. Where `$S` exists already, an attempt
before this one has left it: remove it.

)";

constexpr const char* kOfFiles =
    R"(3. The files, with their owners; tablespaces come to lie in `tablespaces` of the data directory.
The first thing that fails ends it, and then nothing is in place. Where `$S` exists already, an
attempt before this one has left it: remove it.

)";

constexpr const char* kBegin = R"sh(    (
    set -e
    if [ -h "$T" ] || [ -n "$(ls -A -- "$T" 2>/dev/null)" ]; then echo "something is there already" >&2; exit 1; fi
    mkdir -p -- "$(dirname -- "$T")"
    mkdir -m 700 -- "$S"
    cd -P -- "$S"
    [ "$(stat -c %u .)" = "$(id -u)" ]
    cp -aT -- "$C/data" copy
)sh";

constexpr const char* kEnd = R"sh(    sync -f new
    mv -T -- new "$T"
    cd -- "$C"
    rm -r -- "$S"
    echo 'It is in place.'
    )

4. Only where the last line was "It is in place.": it starts, and has these databases (where the
first superuser may not log in, that is said instead).

    as pg_ctl -D "$A" -l "$X/log" -s -w -o "$(settings)" start
    as psql -X -l -d template1
    as pg_ctl -D "$A" -m fast -s -w stop
    rm -r -- "$X"

5. Its configuration. )sh";

}  // namespace

std::string restore_postgres_by_hand(const ItemRecord& record, bool as_root) {
  const Repository& source = record.source;
  const bool is_dump = find_text(record.fingerprint, "method") == "dump";
  const std::string version = find_text(record.fingerprint, "version").value_or("");
  // Before 10 two numbers were the major version: 9.6.
  const std::size_t dot = version.find('.');
  const std::string major =
      version.substr(0, dot == 1 ? version.find('.', dot + 1) : std::min(dot, version.size()));
  const std::string target = shell_word(source.path);
  const bool changes_user = as_root && source.uid != 0;
  const std::string as =
      changes_user ? "setsid -w setpriv --reuid=\"$U\" --regid=\"$G\" --clear-groups " : "";
  std::string text =
      fmt::format(fmt::runtime(kWhatItTakes), major, target,
                  target.starts_with('$') ? "    T=${T%.}\n" : "", source.uid, source.gid);
  text += fmt::format(fmt::runtime(kHelpers), as, kPostgresSession);
  // Those of files have no word of it: who may connect as whom is not known.
  text += is_dump ? "    R=$(value superuser; echo .); R=${R%.}\n" : "    R=postgres\n";
  if (changes_user) text += "    chown \"$U:$G\" \"$X\"\n";
  text +=
      "    echo 'local all all trust' >\"$X/hba\"; chmod 644 \"$X/hba\"\n"
      "\n2. Is the copy what it was? (No output means that it is.)\n\n"
      "    sha256sum --quiet -c SHA256SUMS\n\n";
  text += is_dump ? kOfDump : kOfFiles;
  text += kBegin;
  if (changes_user) text += "    chown -hR \"$U:$G\" -- .\n";
  text += is_dump ? kLoad : kFiles;
  if (changes_user) {
    text += "    [ ! -e new/tablespaces ] || chown -hR \"$U:$G\" new/tablespaces new/pg_tblspc\n";
  }
  text += kEnd;
  text +=
      is_dump
          ? "`postgresql.conf` and `pg_hba.conf` in the data directory are initdb's: the source's\n"
            "are in `data/files`, or `data/configuration`, and so is what else lay there. "
          : "Where `postgresql.conf` and `pg_hba.conf` were elsewhere they are in\n"
            "`restored-configuration` of the data directory, and in their places are ones that "
            "say\n"
            "no more than that the owner may connect. ";
  text += fmt::format(
      "On Debian `pg_createcluster {} NAME -d DIRECTORY`\ntakes an existing data directory over, "
      "and "
      "moves its configuration to `/etc/postgresql`.\n",
      major);
  return text;
}

}  // namespace repo
