#include "reporter/syslog.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "base/bytes_path.h"
#include "base/stop_signal.h"
#include "base/unique_fd.h"
#include "reporter/cut.h"

namespace repo {
namespace {

constexpr std::size_t kMostBytes = 2048;  // RFC 5424: what receivers should take

// As syslog(3) connects; not blocking.
Result<UniqueFd> connect_to_daemon() {
  struct sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  static_assert(sizeof _PATH_LOG <= sizeof address.sun_path);
  std::memcpy(address.sun_path, _PATH_LOG, sizeof _PATH_LOG);
  int code = 0;
  for (const int kind : {SOCK_DGRAM, SOCK_STREAM}) {
    UniqueFd fd(socket(AF_UNIX, kind | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) return system_error("log to", _PATH_LOG, errno);
    const void* where = &address;
    if (connect(fd.get(), static_cast<const struct sockaddr*>(where), sizeof address) == 0) {
      return fd;
    }
    code = errno;
    if (code != EPROTOTYPE) break;
  }
  return plain_error("log to", _PATH_LOG,
                     fmt::format("no syslog daemon listens there: {}", std::strerror(code)));
}

using Clock = std::chrono::steady_clock;

// Whether the daemon takes another line before `end`.
Status wait_for_room(int daemon, Clock::time_point end) {
  while (stop_requested() == 0) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
    if (left.count() < 0) return plain_error("log to", _PATH_LOG, "the daemon does not read");
    std::array<struct pollfd, 2> watched = {{{daemon, POLLOUT, 0}, {stop_fd(), POLLIN, 0}}};
    const int ready = poll(watched.data(), watched.size(), static_cast<int>(left.count()));
    if (ready < 0 && errno != EINTR) return system_error("log to", _PATH_LOG, errno);
    if (ready <= 0) continue;
    if ((watched[0].revents & (POLLERR | POLLHUP)) != 0) {
      return plain_error("log to", _PATH_LOG, "the daemon has gone");
    }
    if ((watched[0].revents & POLLOUT) != 0) return {};
  }
  return plain_error("log to", _PATH_LOG, "stopped");
}

}  // namespace

Status check_syslog() {
  const Result<UniqueFd> daemon = connect_to_daemon();
  return daemon ? Status() : Status(daemon.error());
}

Delivery send_to_syslog(const std::vector<SyslogLine>& lines, int patience_ms) {
  const Result<UniqueFd> daemon = connect_to_daemon();
  if (!daemon) return daemon.error();
  openlog("repo-report", LOG_PID | LOG_NDELAY, LOG_DAEMON);
  const Clock::time_point end = Clock::now() + std::chrono::milliseconds(patience_ms);
  std::size_t sent = 0;
  Status room;
  for (const SyslogLine& line : lines) {
    room = wait_for_room(daemon->get(), end);
    if (!room) break;
    const std::string text(cut_at_character(printable(line.text), kMostBytes));
    syslog(LOG_MAKEPRI(LOG_DAEMON, LOG_PRI(line.priority)), "%s", text.c_str());
    ++sent;
  }
  closelog();
  if (room) return fmt::format("{} lines handed to {}", sent, _PATH_LOG);
  Error error = room.error();
  error.message += fmt::format(" ({} of {} lines were handed over)", sent, lines.size());
  return error;
}

}  // namespace repo
