// The seam to foreign tools: everything that starts svnadmin, hg or another program goes through a
// CommandRunner. Tests put one in its place that does what no real tool can be made to do.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/progress.h"

namespace repo {

class Allowance;

// How long a piece of work may take and how much room, and who wants to know how far it is.
struct Patience {
  std::chrono::steady_clock::time_point deadline;  // for the item in all
  std::chrono::seconds stall;                      // a tool without a byte read or written
  bool heeds_stop = true;                          // ends early when a stop is requested
  Progress* progress = nullptr;                    // is told of bytes read and written; null: none
  Allowance* room = nullptr;                       // what copies take it from; null: no limit
  // Asked every second while a tool runs that writes as much as it likes, and by restores on trial
  // before each file: false ends it. Null: no limit.
  std::function<bool()> has_room = nullptr;
};

// For what must be finished once it has begun.
inline const Patience kNoLimit = {std::chrono::steady_clock::time_point::max(),
                                  std::chrono::seconds::max(), false};

// A directory that the tool sees. It sees no other but /usr, a private /tmp and a minimal /dev.
struct Bind {
  int fd = -1;     // stays the caller's
  std::string at;  // "/source", "/staging"
  bool writable = false;
};

// A user of the machine whom a tool becomes, where it must be that one: a server takes it for who
// it is.
struct Account {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::vector<std::uint32_t> groups;  // besides gid
  std::string name;                   // empty: the machine knows none
};

// Which sockets a tool may make. None of them leads to another machine but kHost's.
enum class Sockets {
  kNone,
  kUnix,  // to servers whose socket lies in a bound folder
  kOwn,   // Unix ones and a loopback device of its own, for servers that it starts itself
  kHost,  // the machine's network; it sees what it takes to find names and trust certificates
};

// A file that the tool finds at `at` (absolute) and can read: made for it, in memory.
struct SandboxFile {
  std::string at;
  std::string text;
};

// A descriptor that the tool inherits, at a number from 3 to 9: a secret, say.
struct Handed {
  int fd = -1;  // stays the caller's
  int number = 3;
};

struct Command {
  std::vector<std::string> argv;  // argv[0] is looked up in /usr/bin and /bin
  std::vector<std::pair<std::string, std::string>> environment;  // besides PATH, HOME and LC_ALL
  std::vector<Bind> binds;
  std::vector<SandboxFile> files;  // without a sandbox there are none
  std::vector<Handed> handed;
  Sockets sockets = Sockets::kNone;
  // Where the tool's stdout goes instead of CommandResult::out; it stays the caller's.
  int output = -1;
  // The identity of the tool where this process is root; the same number for user and group.
  std::uint32_t uid = 0;
  // Set: whom the tool becomes instead, where this process is root.
  std::optional<Account> account;
  // The tool may read files and search directories whatever their modes (it is not the owner of
  // the live source); where this process is root.
  bool reads_any_file = false;
  std::uint64_t max_file_size = UINT64_MAX;  // bytes; a write beyond it fails
  Patience patience;
};

struct CommandResult {
  enum class End {
    kExited,      // `code` is its exit status
    kSignalled,   // `code` is the signal
    kStalled,     // ended by us: no byte read or written for patience.stall
    kOverdue,     // ended by us: past patience.deadline
    kStopped,     // ended by us: a stop was requested
    kNoRoom,      // ended by us: patience.has_room
    kNotStarted,  // `err` says why
  };
  End end = End::kNotStarted;
  int code = 0;
  std::string out;  // the last 1 MiB
  std::string err;  // the last 64 KiB

  bool ok() const { return end == End::kExited && code == 0; }
};

class CommandRunner {
 public:
  virtual ~CommandRunner() = default;

  // Blocks until the tool is gone, whatever the end; the sandbox: until everything that it started
  // is gone too, but for what cannot be killed (process.h). Safe to call from several threads at
  // once.
  virtual CommandResult run(const Command& command) const = 0;
};

// One line: how it ended, and its last words on stderr.
std::string describe(const CommandResult& result);

}  // namespace repo
