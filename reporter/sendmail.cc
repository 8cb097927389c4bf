#include "reporter/sendmail.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <vector>

#include "base/bytes_path.h"
#include "base/file_io.h"
#include "dumper/process.h"

namespace repo {
namespace {

// Small mail programs read a configuration of their user.
std::vector<std::string> mail_environment() {
  std::vector<std::string> all = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"};
  for (const std::string name : {"HOME", "USER", "LOGNAME"}) {
    if (const char* value = std::getenv(name.c_str())) all.push_back(name + '=' + value);
  }
  return all;
}

}  // namespace

Delivery send_by_sendmail(const Sendmail& sendmail, std::string_view message) {
  const std::string op = "mail by";
  const UniqueFd input(memfd_create("mail", MFD_CLOEXEC));
  if (!input) return system_error(op, sendmail.path, errno);
  if (const Status written = write_all(input.get(), message); !written) return written.error();
  if (lseek(input.get(), 0, SEEK_SET) != 0) return system_error(op, sendmail.path, errno);

  Result<Child> child = spawn({sendmail.path, "-t", "-i"}, mail_environment(), {{input.get(), 0}});
  if (!child) {
    if (child.error().code != ENOENT) return child.error();
    return plain_error(op, sendmail.path,
                       "there is no such program: install a mail server, or name one for SMTP");
  }
  const pid_t pid = child->pid;
  const Patience patience = {std::chrono::steady_clock::now() + sendmail.deadline,
                             sendmail.deadline + std::chrono::seconds(1)};
  const CommandResult result =
      watch(*std::move(child), pid, patience, [pid] { kill(-pid, SIGKILL); });
  if (result.end == CommandResult::End::kOverdue) {
    return plain_error(op, sendmail.path,
                       fmt::format("ended by us: not done after {} s", sendmail.deadline.count()));
  }
  if (!result.ok()) return plain_error(op, sendmail.path, printable(describe(result)));
  return "handed to " + printable(sendmail.path);
}

}  // namespace repo
