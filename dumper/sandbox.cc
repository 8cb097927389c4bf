#include "dumper/sandbox.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <map>
#include <set>

#include "base/bytes_path.h"
#include "base/file_io.h"
#include "base/number.h"
#include "dumper/process.h"
#include "dumper/seccomp_filter.h"

namespace repo {
namespace {

constexpr const char* kBubblewrap = "/usr/bin/bwrap";
// What it takes to find hosts and to trust their certificates.
constexpr std::array kOfTheNetwork = {"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf",
                                      "/etc/services",    "/etc/ssl",   "/etc/ca-certificates"};
constexpr std::uint64_t kPrivateTmp = std::uint64_t{1} << 30;  // bytes

void append(std::vector<std::string>& to, std::initializer_list<std::string> more) {
  to.insert(to.end(), more);
}

// What every tool gets; nothing of our own environment.
std::vector<std::pair<std::string, std::string>> environment_of(const Command& command) {
  std::vector<std::pair<std::string, std::string>> environment = {
      {"PATH", "/usr/bin:/bin"}, {"HOME", "/nonexistent"}, {"LC_ALL", "C.UTF-8"}};
  environment.insert(environment.end(), command.environment.begin(), command.environment.end());
  return environment;
}

CommandResult not_started(const Error& error) {
  CommandResult result;
  result.err = describe(error);
  return result;
}

void set_limits(pid_t pid, const Command& command) {
  auto set = [pid](__rlimit_resource what, rlim_t value) {
    const struct rlimit limit = {value, value};
    prlimit(pid, what, &limit, nullptr);
  };
  set(RLIMIT_CORE, 0);
  // Where memory runs out the tool goes, not the run.
  const UniqueFd score(
      open(fmt::format("/proc/{}/oom_score_adj", pid).c_str(), O_WRONLY | O_CLOEXEC));
  if (score) static_cast<void>(write_all(score.get(), "1000"));
  if (command.max_file_size != UINT64_MAX) set(RLIMIT_FSIZE, command.max_file_size);
}

Result<UniqueFd> memory_file(const std::string& bytes) {
  UniqueFd file(memfd_create("seccomp", MFD_CLOEXEC));
  if (!file) return system_error("memfd_create", "", errno);
  if (Status written = write_all(file.get(), bytes); !written) return written.error();
  if (lseek(file.get(), 0, SEEK_SET) != 0) return system_error("seek", "", errno);
  return file;
}

bool is_readable_within(int fd, std::chrono::milliseconds wait) {
  const auto give_up = std::chrono::steady_clock::now() + wait;
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        give_up - std::chrono::steady_clock::now());
    struct pollfd ready = {fd, POLLIN, 0};
    const int n = poll(&ready, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (n >= 0 || errno != EINTR) return n > 0;
  }
}

// bwrap writes {"child-pid": N} and closes; nothing where it failed before that, or takes longer
// than kKillGrace. A stop is not heeded here: bwrap takes milliseconds for it, and when it is ended
// in between, its own child waits for it for ever.
std::optional<pid_t> read_child_pid(int fd) {
  if (!is_readable_within(fd, kKillGrace)) return std::nullopt;
  constexpr std::size_t kLimit = 4096;
  const Result<std::string> text = read_to_end(fd, kLimit);
  if (!text) return std::nullopt;
  const std::size_t colon = text->find(':', text->find("\"child-pid\""));
  if (colon == std::string::npos) return std::nullopt;
  constexpr const char* kDigits = "0123456789";
  const std::size_t digit = text->find_first_of(kDigits, colon);
  if (digit == std::string::npos) return std::nullopt;
  const std::size_t end = text->find_first_not_of(kDigits, digit);
  const auto pid = to_number<pid_t>(std::string_view(*text).substr(digit, end - digit));
  return pid && *pid > 0 ? pid : std::nullopt;
}

// bwrap makes missing folders on the way to a bind 0700, and they are root's.
void make_way_to(const std::string& place, std::set<std::string>& made,
                 std::vector<std::string>& argv) {
  for (std::size_t slash = place.find('/', 1); slash != std::string::npos;
       slash = place.find('/', slash + 1)) {
    const std::string folder = place.substr(0, slash);
    if (made.insert(folder).second) append(argv, {"--perms", "0755", "--dir", folder});
  }
}

void add_inherited(const Command& command, std::vector<FdMapping>& descriptors) {
  for (const Handed& each : command.handed) descriptors.push_back({each.fd, each.number});
  if (command.output >= 0) descriptors.push_back({command.output, STDOUT_FILENO});
}

// What stands before argv to become the tool's user.
std::vector<std::string> as_user(const Command& command) {
  const std::uint32_t gid = command.account ? command.account->gid : command.uid;
  const std::uint32_t uid = command.account ? command.account->uid : command.uid;
  std::vector<std::string> argv = {"/usr/bin/setpriv", "--reuid", std::to_string(uid), "--regid",
                                   std::to_string(gid)};
  if (command.account && !command.account->groups.empty()) {
    append(argv, {"--groups", fmt::format("{}", fmt::join(command.account->groups, ","))});
  } else {
    append(argv, {"--clear-groups"});
  }
  return argv;
}

class Sandbox final : public CommandRunner {
 public:
  Sandbox(std::map<Sockets, std::string> filters, int mark)
      : filters_(std::move(filters)), mark_(mark) {}

  CommandResult run(const Command& asked) const override {
    Command command = asked;
    if (mark_ >= 0) command.binds.push_back({mark_, "/.mark", false});
    const SandboxNumbers numbers;
    Result<UniqueFd> filter = memory_file(filters_.at(command.sockets));
    if (!filter) return not_started(filter.error());
    Result<Pipe> info = make_pipe();
    if (!info) return not_started(info.error());
    Result<Pipe> block = make_pipe();
    if (!block) return not_started(block.error());
    std::vector<FdMapping> descriptors = {{filter->get(), numbers.seccomp},
                                          {info->write.get(), numbers.info},
                                          {block->read.get(), numbers.block}};
    int number = numbers.first_bind;
    for (const Bind& bind : command.binds) descriptors.push_back({bind.fd, number++});
    std::vector<UniqueFd> made;
    for (const SandboxFile& file : command.files) {
      Result<UniqueFd> memory = memory_file(file.text);
      if (!memory) return not_started(memory.error());
      made.push_back(*std::move(memory));
      descriptors.push_back({made.back().get(), number++});
    }
    add_inherited(command, descriptors);
    Result<Child> child = spawn(sandbox_argv(command, numbers, geteuid() == 0), {}, descriptors);
    if (!child) return not_started(child.error());
    info->write.reset();
    block->read.reset();

    // The first process inside waits at `block` until it is known here: so its descriptor is
    // certainly its own, and the limits are set before the tool starts.
    UniqueFd inside;
    pid_t worker = child->pid;
    if (const std::optional<pid_t> pid = read_child_pid(info->read.get())) {
      worker = *pid;
      inside = UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, *pid, 0)));
      set_limits(*pid, command);
    } else {  // it never came so far, or takes too long: nothing may start without limits
      kill(-child->pid, SIGKILL);
    }
    block->write.reset();  // the end of the file lets it go on, as a byte would

    const pid_t group = child->pid;  // not reaped yet: nobody else has the number
    auto kill_all = [&] {
      if (inside) syscall(SYS_pidfd_send_signal, inside.get(), SIGKILL, nullptr, 0);
      kill(-group, SIGKILL);
    };
    CommandResult result = watch(*std::move(child), worker, command.patience, kill_all);
    // bwrap ends with the tool, maybe before what the tool left behind. The first process of the
    // PID namespace ends only after all others in it are gone.
    if (inside) {
      syscall(SYS_pidfd_send_signal, inside.get(), SIGKILL, nullptr, 0);
      if (!is_readable_within(inside.get(), kKillGrace) &&
          result.end == CommandResult::End::kExited) {
        result.end = CommandResult::End::kStalled;
        result.err += "\na process that it left behind cannot be ended";
      }
    }
    return result;
  }

 private:
  const std::map<Sockets, std::string> filters_;
  const int mark_;
};

class DirectRunner final : public CommandRunner {
 public:
  CommandResult run(const Command& command) const override {
    const bool writes = std::any_of(command.binds.begin(), command.binds.end(),
                                    [](const Bind& bind) { return bind.writable; });
    if (command.account && geteuid() == 0 && writes) {
      CommandResult result;
      result.err = fmt::format(
          "--sandbox none: the user {} cannot come to the dump root, which is root's; run with the "
          "sandbox, or as that user",
          command.account->name.empty() ? std::to_string(command.account->uid)
                                        : command.account->name);
      return result;
    }
    std::vector<std::string> argv = {"/usr/bin/env", "-i"};
    for (const auto& [name, value] : environment_of(command)) {
      argv.push_back(fmt::format("{}={}", name, with_paths(value, command)));
    }
    if (command.account && geteuid() == 0) {
      for (const std::string& word : as_user(command)) argv.push_back(word);
      append(argv, {"--inh-caps=-all", "--no-new-privs", "--"});
    }
    for (const std::string& argument : command.argv) argv.push_back(with_paths(argument, command));
    std::vector<FdMapping> descriptors;
    add_inherited(command, descriptors);
    Result<Child> child = spawn(argv, {}, descriptors);
    if (!child) return not_started(child.error());
    const pid_t pid = child->pid;
    set_limits(pid, command);
    return watch(*std::move(child), pid, command.patience, [pid] { kill(-pid, SIGKILL); });
  }

 private:
  static std::string with_paths(const std::string& argument, const Command& command) {
    for (const Bind& bind : command.binds) {
      if (!is_within(argument, bind.at)) continue;
      std::array<char, PATH_MAX> path{};
      const ssize_t n =
          readlink(fmt::format("/proc/self/fd/{}", bind.fd).c_str(), path.data(), path.size());
      if (n <= 0) return argument;
      return std::string(path.data(), static_cast<std::size_t>(n)) +
             argument.substr(bind.at.size());
    }
    return argument;
  }
};

}  // namespace

std::vector<std::string> sandbox_argv(const Command& command, const SandboxNumbers& numbers,
                                      bool as_root) {
  std::vector<std::string> argv = {kBubblewrap,
                                   "--unshare-pid",
                                   "--unshare-ipc",
                                   "--unshare-uts",
                                   "--unshare-cgroup-try",
                                   "--die-with-parent",
                                   "--new-session",
                                   "--clearenv"};
  if (command.sockets != Sockets::kHost) append(argv, {"--unshare-net"});
  if (as_root) {
    // Kept only to become the tool's own user; setpriv drops them.
    append(argv, {"--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID",
                  "--cap-add", "CAP_SETPCAP"});
    if (command.reads_any_file) append(argv, {"--cap-add", "CAP_DAC_READ_SEARCH"});
    if (command.account) append(argv, {"--cap-add", "CAP_NET_BIND_SERVICE"});
  } else {
    append(argv, {"--unshare-user"});
  }
  append(argv, {"--seccomp", std::to_string(numbers.seccomp), "--info-fd",
                std::to_string(numbers.info), "--block-fd", std::to_string(numbers.block)});
  append(argv, {"--ro-bind", "/usr", "/usr"});
  for (const char* folder : {"bin", "sbin", "lib", "lib32", "lib64"}) {
    struct stat st = {};
    const std::string path = std::string("/") + folder;
    if (lstat(path.c_str(), &st) != 0) continue;
    if (S_ISLNK(st.st_mode)) {
      append(argv, {"--symlink", std::string("usr/") + folder, path});
    } else {
      append(argv, {"--ro-bind", path, path});
    }
  }
  append(argv, {"--dev", "/dev", "--size", std::to_string(kPrivateTmp), "--perms", "1777",
                "--tmpfs", "/tmp"});
  std::set<std::string> made = {"/usr", "/tmp", "/dev"};
  if (command.sockets == Sockets::kHost) {
    for (const char* each : kOfTheNetwork) {
      make_way_to(each, made, argv);
      append(argv, {"--ro-bind-try", each, each});
    }
  }
  int number = numbers.first_bind;
  for (const Bind& bind : command.binds) {
    make_way_to(bind.at, made, argv);
    append(argv, {bind.writable ? "--bind-fd" : "--ro-bind-fd", std::to_string(number++), bind.at});
  }
  for (const SandboxFile& file : command.files) {
    make_way_to(file.at, made, argv);
    append(argv, {"--perms", "0444", "--ro-bind-data", std::to_string(number++), file.at});
  }
  for (const auto& [name, value] : environment_of(command)) append(argv, {"--setenv", name, value});
  append(argv, {"--chdir", "/", "--"});
  if (as_root) {
    std::string caps = "-all";
    if (command.reads_any_file) caps += ",+dac_read_search";
    if (command.account) caps += ",+net_bind_service";
    for (const std::string& word : as_user(command)) argv.push_back(word);
    append(argv, {"--inh-caps=" + caps, "--ambient-caps=" + caps, "--bounding-set=" + caps,
                  "--no-new-privs", "--"});
  }
  argv.insert(argv.end(), command.argv.begin(), command.argv.end());
  return argv;
}

Result<std::unique_ptr<CommandRunner>> make_sandbox(int mark) {
  if (access(kBubblewrap, X_OK) != 0) {
    return plain_error("run the sandbox", kBubblewrap,
                       "bubblewrap is not installed: apt-get install bubblewrap");
  }
  std::map<Sockets, std::string> filters;
  for (const Sockets each : {Sockets::kNone, Sockets::kUnix, Sockets::kOwn, Sockets::kHost}) {
    Result<std::string> filter = seccomp_program(each);
    if (!filter) return filter.error();
    filters[each] = *std::move(filter);
  }
  auto sandbox = std::make_unique<Sandbox>(std::move(filters), mark);
  Command trial;
  const UniqueFd shown(open("/usr/bin", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!shown) return system_error("open", "/usr/bin", errno);
  trial.argv = {"/usr/bin/test", "-x", "/source/true"};
  trial.binds = {{shown.get(), "/source", false}};
  trial.uid = kFirstSandboxUid;
  constexpr std::chrono::seconds kPatience{60};
  trial.patience = {std::chrono::steady_clock::now() + kPatience, kPatience};
  const CommandResult result = sandbox->run(trial);
  if (!result.ok()) {
    return plain_error("run the sandbox", kBubblewrap,
                       describe(result) +
                           ". In a chroot make its root a mount point (mount --bind DIR DIR) and "
                           "mount /proc; in a container allow namespaces; or use --sandbox none "
                           "for repositories that you trust");
  }
  return std::unique_ptr<CommandRunner>(std::move(sandbox));
}

std::unique_ptr<CommandRunner> make_direct_runner() { return std::make_unique<DirectRunner>(); }

}  // namespace repo
