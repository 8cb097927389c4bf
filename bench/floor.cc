// How fast a scan could be: makes the system calls of a repo-scan of a tree, and does next to
// nothing besides. What repo-scan takes longer than this is repo-scan's own.
//
//   bench-floor [-j N] [--no-leaf-skip] [--probes] TREE
//
// Walks depth-first on N threads (default 8) and prints how many directories and entries it saw.
// With --probes these are the numbers of repo-scan: names are looked at, the calls of the probes
// are made (floor_probes.h), and what belongs to a repository is not walked. Without it nobody
// knows a repository, and what is in it is walked as well.
// The leaf skip takes it that the file system counts links. Anything that goes wrong ends the
// program with 1: take a tree that nobody changes and that no other is mounted on.

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bench/floor_probes.h"

namespace {

struct Options {
  unsigned jobs = 8;
  bool leaf_skip = true;
  bool probes = false;
  const char* tree = nullptr;
};

[[noreturn]] void fail(const char* what, const char* name) {
  std::fprintf(stderr, "bench-floor: cannot %s %s: %s\n", what, name, std::strerror(errno));
  std::_Exit(1);
}

// A directory whose subdirectories wait: open until each of them was.
struct Node {
  int fd;
  std::string names;                 // of the subdirectories, each with its NUL
  std::atomic<std::size_t> waiting;  // bytes of the names
};

// Some of a directory's subdirectories: names[begin, end).
struct Range {
  Node* node;
  std::size_t begin;
  std::size_t end;
};

// What waits with one thread. It takes the newest; others take half of the oldest.
struct alignas(64) Worker {
  std::mutex mutex;
  std::vector<Range> ranges;
  std::uint64_t directories = 0;
  std::uint64_t entries = 0;
  std::vector<char> buffer = std::vector<char>(65536);
};

class Floor {
 public:
  explicit Floor(const Options& options) : options_(options), workers_(options.jobs) {}

  void run() {
    const int root = open(options_.tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) fail("open", options_.tree);
    visit(workers_[0], root, false);
    std::vector<std::thread> threads;
    for (unsigned i = 1; i < options_.jobs; ++i) threads.emplace_back([this, i] { work(i); });
    work(0);
    for (std::thread& each : threads) each.join();
    unsigned long long directories = 0;
    unsigned long long entries = 0;
    for (const Worker& each : workers_) {
      directories += each.directories;
      entries += each.entries;
    }
    std::printf("%llu directories, %llu entries\n", directories, entries);
  }

 private:
  void work(unsigned self) {
    Worker& worker = workers_[self];
    Range child{};
    while (true) {
      if (take_newest(worker, child)) {
        enter(worker, child);
      } else if (!find_work(self)) {
        return;
      }
    }
  }

  static bool take_newest(Worker& worker, Range& child) {
    const std::lock_guard lock(worker.mutex);
    if (worker.ranges.empty()) return false;
    Range& newest = worker.ranges.back();
    child = newest;
    child.end = newest.begin + std::strlen(newest.node->names.data() + newest.begin) + 1;
    newest.begin = child.end;
    if (newest.begin == newest.end) worker.ranges.pop_back();
    return true;
  }

  // Half of the names of another thread's oldest directory.
  bool steal(unsigned self) {
    for (unsigned i = 1; i < options_.jobs; ++i) {
      Worker& victim = workers_[(self + i) % options_.jobs];
      Range loot{};
      {
        const std::lock_guard lock(victim.mutex);
        if (victim.ranges.empty()) continue;
        Range& oldest = victim.ranges.front();
        loot = oldest;
        const std::size_t middle = oldest.begin + (oldest.end - oldest.begin) / 2;
        loot.begin = oldest.node->names.find('\0', middle - 1) + 1;
        if (loot.begin == loot.end) loot.begin = oldest.begin;
        oldest.end = loot.begin;
        if (oldest.begin == oldest.end) victim.ranges.erase(victim.ranges.begin());
      }
      const std::lock_guard lock(workers_[self].mutex);
      workers_[self].ranges.push_back(loot);
      return true;
    }
    return false;
  }

  // Waits until there is something to steal; false when all is done. A thread that waits has
  // nothing of its own, so when all of them do there is nothing left.
  bool find_work(unsigned self) {
    if (steal(self)) return true;
    std::unique_lock lock(idle_mutex_);
    ++idle_;
    while (idle_ < options_.jobs) {
      if (steal(self)) {
        --idle_;
        return true;
      }
      changed_.wait(lock);
    }
    changed_.notify_all();
    return false;
  }

  void publish(Worker& worker, Node* node) {
    {
      const std::lock_guard lock(worker.mutex);
      worker.ranges.push_back({node, 0, node->names.size()});
    }
    if (idle_ == 0) return;
    { const std::lock_guard lock(idle_mutex_); }  // whoever has looked in vain is waiting by now
    changed_.notify_one();
  }

  void enter(Worker& worker, const Range& child) {
    Node& node = *child.node;
    const char* name = node.names.data() + child.begin;
    const bool leaf = options_.leaf_skip && is_leaf(node.fd, name);
    int fd = -1;
    if (!leaf) {
      struct open_how how = {};
      how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW | quiet_;
      how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
      fd = static_cast<int>(syscall(SYS_openat2, node.fd, name, &how, sizeof how));
      if (fd < 0) fail("open", name);
    }
    const bool is_dot_git = std::string_view(name) == ".git";
    const std::size_t bytes = child.end - child.begin;
    if (node.waiting.fetch_sub(bytes) == bytes) {
      close(node.fd);
      delete &node;
    }
    if (leaf) {
      ++worker.directories;
    } else {
      visit(worker, fd, is_dot_git);
    }
  }

  static bool is_leaf(int parent, const char* name) {
    struct statx st;
    if (statx(parent, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
              STATX_TYPE | STATX_NLINK, &st) != 0) {
      fail("look at", name);
    }
    return st.stx_nlink == 2;
  }

  void visit(Worker& worker, int fd, bool is_dot_git) {
    ++worker.directories;
    std::string names;
    repo::NameBits bits = 0;
    while (true) {
      const long n = syscall(SYS_getdents64, fd, worker.buffer.data(), worker.buffer.size());
      if (n < 0) fail("read", "a directory");
      if (n == 0) break;
      for (long at = 0; at < n;) {
        const auto* entry = reinterpret_cast<const dirent64*>(worker.buffer.data() + at);
        at += entry->d_reclen;
        const char* name = entry->d_name;
        if (name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'))) continue;
        ++worker.entries;
        if (options_.probes) bits |= repo::bench::bit_of(*entry);
        if (entry->d_type == DT_DIR) names.append(name, std::strlen(name) + 1);
      }
    }
    if (bits != 0) repo::bench::make_probe_calls(fd, bits, is_dot_git, names);
    if (names.empty()) {
      close(fd);
    } else {
      const std::size_t bytes = names.size();
      publish(worker, new Node{fd, std::move(names), bytes});
    }
  }

  const Options options_;
  const unsigned quiet_ = geteuid() == 0 ? O_NOATIME : 0;
  std::vector<Worker> workers_;
  std::mutex idle_mutex_;
  std::condition_variable changed_;
  std::atomic<unsigned> idle_ = 0;
};

bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "-j" && i + 1 < argc) {
      options.jobs = static_cast<unsigned>(std::strtoul(argv[++i], nullptr, 10));
    } else if (word == "--no-leaf-skip") {
      options.leaf_skip = false;
    } else if (word == "--probes") {
      options.probes = true;
    } else if (word.starts_with('-') || options.tree) {
      return false;
    } else {
      options.tree = argv[i];
    }
  }
  return options.tree && options.jobs >= 1 && options.jobs <= 1024;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!parse(argc, argv, options)) {
    std::fputs("usage: bench-floor [-j N] [--no-leaf-skip] [--probes] TREE\n", stderr);
    return 2;
  }
  struct rlimit limit = {};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;  // a thread holds as many directories as the tree is deep
  setrlimit(RLIMIT_NOFILE, &limit);
  Floor(options).run();
}
