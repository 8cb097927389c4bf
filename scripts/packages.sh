# shellcheck shell=bash disable=SC2034
# Sourced by the scripts beside it: the Debian packages of this project, and the one way of
# installing them.

build_packages=(cmake ninja-build g++ libtbb-dev libcli11-dev nlohmann-json3-dev libfmt-dev
                libseccomp-dev libssl-dev libcurl4-openssl-dev)
run_packages=(bubblewrap subversion mercurial git util-linux)
test_packages=(libgtest-dev libgmock-dev libbenchmark-dev python3 python3-jsonschema strace libcap2-bin
               shellcheck fd-find bfs findutils acl attr mount xfsprogs e2fsprogs btrfs-progs clang-format
               openssl python3-aiosmtpd rsyslog python3-feedparser prometheus restic borgbackup
               rdiff-backup rsync tar chromium chromium-driver python3-selenium postgresql
               sqlite3 mariadb-server)
# Node.js from elsewhere brings npm with it, and does not go with Debian's.
command -v npm >/dev/null || test_packages+=(npm)
nightly_packages=(fiu-utils)  # beside the test packages

# install_packages NAME...: installs those that are missing. Needs root and the network only when
# one is missing. With $without_services, what a package would start is not started. Returns 1 when it could not; what apt-get printed is shown only then.
install_packages() {
  local name missing=() log
  for name in "$@"; do
    dpkg-query -W -f '${db:Status-Status}\n' "$name" 2>/dev/null | grep -qx installed ||
      missing+=("$name")
  done
  ((${#missing[@]})) || return 0

  if ((EUID != 0)); then
    echo "missing packages; install them as root: apt-get install ${missing[*]}" >&2
    return 1
  fi
  echo "installing ${missing[*]}" >&2
  log=$(mktemp) || return 1
  # umask: a caller's 077 would make files of package scripts unreadable for everybody else.
  # Lock::Timeout: the nightly upgrade may be at work. force-conf*: nobody is there to be asked.
  if (
    umask 022
    export DEBIAN_FRONTEND=noninteractive
    # cron's PATH lacks the folders where dpkg finds its own tools
    export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    policy=/usr/sbin/policy-rc.d  # asked before a service is started
    if [[ -n ${without_services-} && ! -e $policy ]]; then
      trap 'rm -f -- "$policy"' EXIT
      printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy"
    fi
    apt-get update || true  # one source that does not answer need not matter
    apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=600 \
      -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "${missing[@]}"
  ) </dev/null >"$log" 2>&1; then
    rm -f -- "$log"
  else
    cat -- "$log" >&2
    rm -f -- "$log"
    echo "apt-get could not install: ${missing[*]}" >&2
    return 1
  fi
}
