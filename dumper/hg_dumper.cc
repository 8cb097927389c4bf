// Mercurial: the copy is hg_copy.h's; here `hg verify` of it.
//
// hg verify needs to make lock files: it may create in .hg and .hg/store of the copy, which are
// sticky meanwhile, and can neither change nor remove what is there. What it made is removed.
//
// A repository whose last writer died in a transaction is copied as it is, journal and all, and is
// not whole before `hg recover`: that, and the verification, is done to a copy of the copy.
// Sources: hg help verify, hg help recover; mercurial/verify.py; `hg help environment` (HGRCPATH,
// HGPLAIN).

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/file_io.h"
#include "base/text.h"
#include "dumper/dumper.h"
#include "dumper/hand_over.h"
#include "dumper/hg_copy.h"
#include "dumper/hg_state.h"
#include "dumper/hg_tool.h"
#include "dumper/sandbox.h"
#include "dumper/tree_copier.h"

namespace repo {
namespace {

constexpr const char* kTool = "hg";
constexpr const char* kScratch = "recover";  // in staging, beside data/

// .hg and .hg/store of the copy take new files of the verifying user while it lives, and what he
// leaves there is removed.
class OpenForLocks {
 public:
  static Result<OpenForLocks> make(int data, std::uint32_t user) {
    OpenForLocks open;
    for (const char* path : {".hg", ".hg/store"}) {
      Result<UniqueFd> directory = open_beneath(data, path, O_RDONLY | O_DIRECTORY);
      if (!directory) {
        if (directory.error().code == ENOENT) continue;
        return directory.error();
      }
      Result<std::vector<std::string>> names = names_in(directory->get());
      if (!names) return system_error("read", path, names.error().code);
      const bool as_root = geteuid() == 0;
      if ((as_root && fchown(directory->get(), 0, user) != 0) ||
          fchmod(directory->get(), as_root ? 01770 : 0700) != 0) {
        return system_error("change the mode", path, errno);
      }
      open.directories_.push_back({*std::move(directory), *std::move(names)});
    }
    return open;
  }

  Status close() {
    for (const Opened& each : directories_) {
      if (fchmod(each.fd.get(), 0700) != 0) return system_error("change the mode", "", errno);
      const Result<std::vector<std::string>> names = names_in(each.fd.get());
      if (!names) return names.error();
      for (const std::string& name : *names) {
        if (std::binary_search(each.names.begin(), each.names.end(), name)) continue;
        if (Status removed = remove_tree(each.fd.get(), name); !removed) return removed;
      }
    }
    return {};
  }

 private:
  struct Opened {
    UniqueFd fd;
    std::vector<std::string> names;  // sorted
  };
  std::vector<Opened> directories_;
};

class HgDumper final : public Dumper {
 public:
  std::string tool() const override { return kTool; }
  std::string package() const override { return "mercurial"; }

  Result<std::string> tool_version(const CommandRunner& runner,
                                   const Patience& patience) const override {
    Command command = base_command(kFirstSandboxUid, patience);
    command.argv = {kTool, "--version", "-q"};
    const CommandResult result = runner.run(command);
    if (!result.ok()) return tool_error("run hg --version", result);
    // "Mercurial Distributed SCM (version 6.3.2)"
    const std::string marker = "(version ";
    const std::size_t at = result.out.find(marker);
    if (at == std::string::npos) return first_line(result.out);
    const std::size_t begin = at + marker.size();
    return result.out.substr(begin, result.out.find(')', begin) - begin);
  }

  Result<TreeLook> look(const DumpJob& job, const Seen& seen) const override {
    return look_at_hg(job, seen);
  }

  bool is_immutable(std::string_view path) const override {
    // Large files: named by SHA-1 in full, or by SHA-256 without the digits that the folder has.
    const bool is_large =
        path.starts_with(".hg/largefiles/") || path.starts_with(".hg/store/lfs/objects/");
    const std::string_view name = path.substr(path.rfind('/') + 1);
    return is_large && (name.size() == 40 || name.size() == 62) &&
           name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  }

  Result<CopyFacts> copy(const DumpJob& job, const CommandRunner&) const override {
    return copy_hg(job);
  }

  Result<Verified> verify(const DumpJob& job, CopyFacts& facts,
                          const CommandRunner& runner) const override {
    const Result<UniqueFd> data = open_beneath(job.staging_fd, "data", O_RDONLY | O_DIRECTORY);
    if (!data) return data.error();
    if (has_journal(data->get())) {
      const Status good = recover_a_copy(job, data->get(), runner);
      if (Status removed = remove_tree(job.staging_fd, kScratch); !removed) return removed.error();
      if (!good) return good.error();
      facts.notes.emplace_back(
          "its last writer died in a transaction: restored, it needs hg recover first (which was "
          "tried, and leaves it whole)");
      if (Status same = compare(data->get(), facts, job.patience); !same) return same.error();
      return Verified::kWhole;
    }
    const TreeSource copy{data->get(), std::nullopt};
    const Skip none;
    auto look = [&] {
      // A directory's owner and mode are what this class changes.
      return look_at_tree(copy, none, job.patience, Seen(), Changes::kContent);
    };
    if (Status closed = make_private(data->get()); !closed) return closed.error();
    const Result<TreeLook> before = look();
    if (!before) return before.error();
    Result<OpenForLocks> open = OpenForLocks::make(data->get(), job.uid);
    if (!open) return open.error();
    Command command = base_command(job.uid, job.patience);
    command.argv = arguments(data->get(), {"verify", "-q"});
    command.binds = {{data->get(), "/staging", true}};
    command.reads_any_file = true;
    command.max_file_size = enough_for_a_file(*before);
    const CommandResult result = runner.run(command);
    if (Status closed = open->close(); !closed) return closed.error();
    if (!result.ok()) return tool_error("hg verify", result);
    if (Status closed = make_private(data->get()); !closed) return closed.error();
    const Result<TreeLook> after = look();
    if (!after) return after.error();
    if (!(*after == *before)) return plain_error("verify", "", "hg verify has changed the copy");
    if (Status same = compare(data->get(), facts, job.patience); !same) return same.error();
    return Verified::kWhole;
  }

  std::optional<std::string> alarm(const Detail& before, const Detail& now) const override {
    const std::optional<std::string> was = find_text(before, "first");
    const std::optional<std::string> is = find_text(now, "first");
    if (was && is && *was != *is)
      return "it is another repository now: its first changeset changed";
    return shrunk(before, now, "changesets");
  }

 private:
  static Command base_command(std::uint32_t uid, const Patience& patience) {
    Command command;
    command.uid = uid;
    command.patience = patience;
    command.environment = hg_environment("");
    return command;
  }

  // The directories that hg makes its locks in, as the copier made them.
  static Status make_private(int data) {
    for (const char* path : {".", ".hg", ".hg/store"}) {
      const Result<UniqueFd> directory = open_beneath(data, path, O_RDONLY | O_DIRECTORY);
      if (!directory) {
        if (directory.error().code == ENOENT) continue;
        return directory.error();
      }
      if (fchown(directory->get(), geteuid(), getegid()) != 0 ||
          fchmod(directory->get(), 0700) != 0) {
        return system_error("change the mode", path, errno);
      }
    }
    return {};
  }

  // mercurial/transaction.py: it is removed when a transaction ends.
  static bool has_journal(int data) {
    struct stat st = {};
    for (const char* path : {".hg/store/journal", ".hg/journal"}) {
      if (fstatat(data, path, &st, AT_SYMLINK_NOFOLLOW) == 0) return true;
    }
    return false;
  }

  static Status recover_a_copy(const DumpJob& job, int data, const CommandRunner& runner) {
    if (mkdirat(job.staging_fd, kScratch, 0700) != 0) {
      return system_error("create", kScratch, errno);
    }
    const Result<UniqueFd> scratch = open_beneath(job.staging_fd, kScratch, O_RDONLY | O_DIRECTORY);
    if (!scratch) return scratch.error();
    CopyOptions options;
    options.patience = job.patience;
    const Result<TreeLook> copied = copy_tree({data, std::nullopt}, scratch->get(), options);
    if (!copied) return copied.error();
    if (Status given = hand_over(scratch->get(), {job.uid, job.uid}, job.patience); !given)
      return given;
    Command command = base_command(job.uid, job.patience);
    command.binds = {{scratch->get(), "/staging", true}};
    command.max_file_size = enough_for_a_file(*copied);
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"recover"}, std::vector<std::string>{"verify", "-q"}}) {
      command.argv = arguments(data, words);
      const CommandResult result = runner.run(command);
      if (!result.ok()) {
        return tool_error("hg " + words[0] + " after an abandoned transaction", result);
      }
    }
    return {};
  }

  // Of hg with `words` on the copy in /staging.
  static std::vector<std::string> arguments(int data, const std::vector<std::string>& words) {
    std::vector<std::string> argv = {kTool};
    for (const auto& [key, value] : hg_config_for(data)) {
      argv.insert(argv.end(), {"--config", key + "=" + value});
    }
    argv.insert(argv.end(), {"-R", "/staging"});
    argv.insert(argv.end(), words.begin(), words.end());
    return argv;
  }

  static Status compare(int data, const CopyFacts& facts, const Patience& patience) {
    const Result<Detail> copied = hg_fingerprint_at(data, patience);
    if (!copied) return copied.error();
    if (*copied != facts.fingerprint) {
      return other_fingerprint();
    }
    return {};
  }
};

}  // namespace

std::unique_ptr<Dumper> make_hg_dumper() { return std::make_unique<HgDumper>(); }

}  // namespace repo
