// Mercurial: the copy is hg_copy.h's; here `hg verify` of it.
//
// hg verify needs to make lock files: it may create in .hg and .hg/store of the copy, which are
// sticky meanwhile, and can neither change nor remove what is there. What it made is removed.
// Sources: hg help verify; mercurial/verify.py; `hg help environment` (HGRCPATH, HGPLAIN).

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/file_io.h"
#include "dumper/dumper.h"
#include "dumper/hg_copy.h"
#include "dumper/sandbox.h"

namespace repo {
namespace {

constexpr const char* kTool = "hg";
constexpr std::size_t kSmall = std::size_t{1} << 20;

// Removes what hg verify has created, and notices what it has changed.
class Sweep final : public TreeVisitor {
 public:
  explicit Sweep(const TreeLook& before) : before_(before) {}
  Result<Descend> enter(const TreeEntry& entry, int parent, const std::string& name) override {
    if (entry.path.empty()) return Descend::kYes;
    const TreeEntry* was = before_.find(entry.path);
    if (!was) {
      if (Status removed = remove_tree(parent, name); !removed) return removed.error();
      return Descend::kNo;
    }
    ++found_;
    const bool same = was->st.st_ino == entry.st.st_ino && was->st.st_mode == entry.st.st_mode &&
                      (!entry.is_file() || (was->st.st_size == entry.st.st_size &&
                                            was->st.st_mtim.tv_sec == entry.st.st_mtim.tv_sec &&
                                            was->st.st_mtim.tv_nsec == entry.st.st_mtim.tv_nsec));
    if (!same) return plain_error("verify", entry.path, "hg verify has changed the copy");
    return Descend::kYes;
  }
  Status leave(const TreeEntry& entry, int) override {
    if (entry.path.empty() && found_ + 1 != before_.entries.size()) {
      return plain_error("verify", "", "hg verify has removed something from the copy");
    }
    return {};
  }

 private:
  const TreeLook& before_;
  std::size_t found_ = 0;
};

// .hg and .hg/store of the copy take new files of the verifying user while it lives.
class OpenForLocks {
 public:
  static Result<OpenForLocks> make(int data) {
    OpenForLocks open;
    for (const char* path : {".hg", ".hg/store"}) {
      Result<UniqueFd> directory = open_beneath(data, path, O_RDONLY | O_DIRECTORY);
      if (!directory) {
        if (directory.error().code == ENOENT) continue;
        return directory.error();
      }
      struct stat st = {};
      if (fstat(directory->get(), &st) != 0 || fchmod(directory->get(), 01770) != 0) {
        return system_error("change the mode", path, errno);
      }
      open.directories_.push_back({*std::move(directory), st.st_mode & 07777});
    }
    return open;
  }
  OpenForLocks(OpenForLocks&&) = default;
  OpenForLocks& operator=(OpenForLocks&&) = delete;
  ~OpenForLocks() {
    for (const Opened& each : directories_) fchmod(each.fd.get(), each.mode);
  }

 private:
  struct Opened {
    UniqueFd fd;
    mode_t mode;
  };
  OpenForLocks() = default;
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
    if (at == std::string::npos) return result.out.substr(0, result.out.find('\n'));
    const std::size_t begin = at + marker.size();
    return result.out.substr(begin, result.out.find(')', begin) - begin);
  }

  Result<CopyFacts> copy(const DumpJob& job, const CommandRunner&) const override {
    return copy_hg(job);
  }

  Status verify(const DumpJob& job, const CopyFacts& facts,
                const CommandRunner& runner) const override {
    Result<UniqueFd> data = open_beneath(job.staging_fd, "data", O_RDONLY | O_DIRECTORY);
    if (!data) return data.error();
    if (Status shown = show(data->get(), job.uid); !shown) return shown;
    const TreeSource copy{data->get(), std::nullopt};
    Result<TreeLook> before = look_at_tree(copy, Skip(), job.patience);
    if (!before) return before.error();
    CommandResult result;
    {
      Result<OpenForLocks> open = OpenForLocks::make(data->get());
      if (!open) return open.error();
      Command command = base_command(job.uid, job.patience);
      command.argv = arguments(data->get());
      command.binds = {{data->get(), "/staging", true}};
      result = runner.run(command);
    }
    if (!result.ok()) return tool_error("hg verify", result);
    Sweep sweep(*before);
    if (Status swept = walk_tree(copy, sweep, job.patience); !swept) return swept;
    return compare(data->get(), facts);
  }

 private:
  static Command base_command(std::uint32_t uid, const Patience& patience) {
    Command command;
    command.uid = uid;
    command.patience = patience;
    // Copies are data, never configuration: no hgrc of anybody is read.
    command.environment = {{"HGRCPATH", ""}, {"HGRCSKIPREPO", "1"}, {"HGPLAIN", "1"}};
    return command;
  }

  // data/ and .hg themselves; what is in them the copier has shown.
  static Status show(int data, std::uint32_t readers) {
    if (geteuid() != 0) return {};
    for (const char* path : {".", ".hg", ".hg/store"}) {
      Result<UniqueFd> directory = open_beneath(data, path, O_RDONLY | O_DIRECTORY);
      if (!directory) {
        if (directory.error().code == ENOENT) continue;
        return directory.error();
      }
      if (fchown(directory->get(), 0, readers) != 0 || fchmod(directory->get(), 0750) != 0) {
        return system_error("change the mode", path, errno);
      }
    }
    return {};
  }

  static std::vector<std::string> arguments(int data) {
    // Layouts that plain Python can read, slowly; without these hg refuses them.
    std::vector<std::string> argv = {kTool, "--config", "storage.dirstate-v2.slow-path=allow",
                                     "--config",
                                     "storage.revlog.persistent-nodemap.slow-path=allow"};
    std::string needed;
    for (const char* path : {".hg/requires", ".hg/store/requires"}) {
      const Result<std::string> text = read_small_file(data, path, kSmall);
      if (text) needed += "\n" + *text + "\n";
    }
    for (const char* extension : {"largefiles", "lfs"}) {
      if (needed.find("\n" + std::string(extension) + "\n") == std::string::npos) continue;
      argv.insert(argv.end(), {"--config", "extensions." + std::string(extension) + "="});
    }
    argv.insert(argv.end(), {"-R", "/staging", "verify", "-q"});
    return argv;
  }

  static Status compare(int data, const CopyFacts& facts) {
    Result<UniqueFd> hg = open_beneath(data, ".hg", O_RDONLY | O_DIRECTORY);
    if (!hg) return hg.error();
    Result<UniqueFd> store = open_beneath(hg->get(), "store", O_RDONLY | O_DIRECTORY);
    if (!store && store.error().code != ENOENT) return store.error();
    Result<Detail> copied = hg_fingerprint(hg->get(), store ? store->get() : hg->get(),
                                           std::nullopt, hg->get(), std::nullopt);
    if (!copied) return copied.error();
    if (*copied != facts.fingerprint) {
      return plain_error("compare", "", "the copy's fingerprint is not the source's");
    }
    return {};
  }
};

}  // namespace

std::unique_ptr<Dumper> make_hg_dumper() { return std::make_unique<HgDumper>(); }

}  // namespace repo
