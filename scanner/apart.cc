#include "scanner/apart.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <exception>
#include <optional>
#include <utility>

#include "base/file_io.h"
#include "base/stop_signal.h"
#include "base/unique_fd.h"

namespace repo {
namespace {

using Clock = std::chrono::steady_clock;

// What comes through the pipe: any number of these, then kResult, the size of the result and it.
constexpr char kAlive = '.';
constexpr char kResult = '=';
using Size = std::uint64_t;

// Between two of them: a pipe that is full would hold the work up.
constexpr std::chrono::milliseconds kPause{250};

// A child that cannot be killed keeps what it has open: a reader of our output must not wait for
// it.
void keep_only(int pipe) {
  const int null = open("/dev/null", O_RDWR);
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (dup2(null, standard) < 0) close(standard);
  }
  const auto kept = static_cast<unsigned>(pipe);
  if (kept > 3) close_range(3, kept - 1, 0);
  close_range(kept + 1, ~0U, 0);
}

[[noreturn]] void work_in_child(const ApartTask& task, int pipe, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  keep_only(pipe);
  // A stop ends it at once: what stops the parent is no result.
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) signal(number, SIG_DFL);
  int status = 1;
  try {
    std::atomic<Clock::rep> next{0};
    const std::string result = task.work([&next, pipe] {
      const Clock::rep now = Clock::now().time_since_epoch().count();
      Clock::rep due = next.load();
      if (now < due) return;
      const Clock::rep then = now + Clock::duration(kPause).count();
      // A parent that is gone is no concern of the work: the end comes with its death.
      if (next.compare_exchange_strong(due, then)) (void)!write(pipe, &kAlive, 1);
    });
    const Size size = result.size();
    std::string head(1, kResult);
    head.append(reinterpret_cast<const char*>(&size), sizeof size);
    if (write_all(pipe, head) && write_all(pipe, result)) status = 0;
  } catch (const std::exception&) {
    status = 1;
  }
  _exit(status);
}

class Child {
 public:
  // Nothing where it cannot be started, with the reason in errno.
  static std::optional<Child> start(const ApartTask& task) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return std::nullopt;
    Child child{UniqueFd(ends[0])};
    const UniqueFd theirs(ends[1]);
    const pid_t parent = getpid();
    child.pid_ = fork();
    if (child.pid_ < 0) return std::nullopt;
    if (child.pid_ == 0) work_in_child(task, theirs.get(), parent);
    return child;
  }

  int fd() const { return pipe_.get(); }
  Clock::time_point last_sign() const { return last_sign_; }

  // Takes what is there; the result where it is whole now, or never will be.
  std::optional<Result<std::string>> read_some() {
    std::array<char, 65536> bytes;  // NOLINT: filled by read
    const ssize_t n = read(pipe_.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) return std::nullopt;
    if (n <= 0) return system_error("wait", "", ECHILD);
    last_sign_ = Clock::now();
    come_.append(bytes.data(), static_cast<std::size_t>(n));
    if (!begun_) {
      const std::size_t at = come_.find(kResult);
      begun_ = at != std::string::npos;
      come_.erase(0, begun_ ? at + 1 : come_.size());
    }
    if (!begun_ || come_.size() < sizeof(Size)) return std::nullopt;
    Size size = 0;
    std::memcpy(&size, come_.data(), sizeof size);
    if (come_.size() - sizeof size < size) return std::nullopt;
    return come_.substr(sizeof size);
  }

  // It may not be possible to end it: then nobody waits for it, and it goes with its wait.
  void leave() { kill(pid_, SIGKILL); }
  bool is_gone() const { return waitpid(pid_, nullptr, WNOHANG) != 0; }

 private:
  explicit Child(UniqueFd pipe) : pipe_(std::move(pipe)) {}

  UniqueFd pipe_;
  pid_t pid_ = -1;
  Clock::time_point last_sign_ = Clock::now();
  bool begun_ = false;  // the result has
  std::string come_;    // of it, and its size
};

class Runner {
 public:
  Runner(const std::vector<ApartTask>& tasks, std::chrono::seconds patience)
      : tasks_(tasks),
        patience_(patience),
        results_(tasks.size(), system_error("wait", "", EINTR)) {}

  std::vector<Result<std::string>> run() {
    while (stop_requested() == 0) {
      start_some();
      if (running_.empty()) break;
      wait();
    }
    for (auto& [index, child] : running_) leave(std::move(child));
    return std::move(results_);
  }

 private:
  void leave(Child child) {
    child.leave();
    left_.push_back(std::move(child));
    std::erase_if(left_, [](const Child& each) { return each.is_gone(); });
  }

  void start_some() {
    constexpr std::size_t kAtOnce = 8;
    for (; next_ < tasks_.size() && running_.size() < kAtOnce; ++next_) {
      std::optional<Child> child = Child::start(tasks_[next_]);
      if (child) {
        running_.emplace_back(next_, *std::move(child));
      } else {
        results_[next_] = system_error("start", "", errno);
      }
    }
  }

  void wait() {
    std::vector<pollfd> polled = {{stop_fd(), POLLIN, 0}};
    Clock::time_point first = Clock::time_point::max();
    for (const auto& [index, child] : running_) {
      polled.push_back({child.fd(), POLLIN, 0});
      first = std::min(first, child.last_sign() + patience_);
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(first - Clock::now());
    constexpr std::int64_t kLongest = 3'600'000;
    poll(polled.data(), polled.size(),
         static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, kLongest)));
    std::vector<std::pair<std::size_t, Child>> still;
    for (std::size_t i = 0; i < running_.size(); ++i) {
      auto& [index, child] = running_[i];
      std::optional<Result<std::string>> result;
      if (polled[i + 1].revents != 0) {
        result = child.read_some();
      } else if (Clock::now() - child.last_sign() >= patience_) {
        result = system_error("wait", "", ETIMEDOUT);
      }
      if (result) {
        results_[index] = *std::move(result);
        leave(std::move(child));
      } else {
        still.emplace_back(index, std::move(child));
      }
    }
    running_ = std::move(still);
  }

  const std::vector<ApartTask>& tasks_;
  const std::chrono::seconds patience_;
  std::size_t next_ = 0;
  std::vector<std::pair<std::size_t, Child>> running_;
  std::vector<Child> left_;  // and perhaps not gone yet
  std::vector<Result<std::string>> results_;
};

}  // namespace

std::vector<Result<std::string>> run_apart(const std::vector<ApartTask>& tasks,
                                           std::chrono::seconds patience) {
  return Runner(tasks, patience).run();
}

}  // namespace repo
