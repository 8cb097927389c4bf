// Subversion: `svnadmin hotcopy`, then `svnadmin verify` of the copy.
//
// hotcopy reads db/current first and copies no younger revision, so it is consistent under
// commits; it takes no lock that a committer waits for and runs no hook. It fails, with E000002,
// where `svnadmin pack` removes files under it: then the copy is tried again. It says success for
// a damaged source, so the copy is verified always. It copies no owner and no mtime (these come
// from our own look at the source), nor what lies uncommitted in db/transactions.
// Sources: svnadmin help hotcopy; subversion/libsvn_fs_fs/hotcopy.c, hotcopy_body().

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "base/bytes_path.h"
#include "base/file_io.h"
#include "dumper/dumper.h"
#include "dumper/owners.h"
#include "dumper/sandbox.h"
#include "scanner/probe.h"

namespace repo {
namespace {

constexpr const char* kTool = "svnadmin";

std::uint64_t number(const Detail& detail, const std::string& key) {
  const DetailValue* value = find_detail(detail, key);
  const auto* n = value ? std::get_if<std::uint64_t>(value) : nullptr;
  return n ? *n : 0;
}

std::string text(const Detail& detail, const std::string& key) {
  const DetailValue* value = find_detail(detail, key);
  const auto* s = value ? std::get_if<std::string>(value) : nullptr;
  return s ? *s : std::string();
}

Result<Detail> probe(int directory) {
  ProbeResult result = probe_svn(*borrow_directory(directory));
  if (result.detail) return *std::move(result.detail);
  if (result.error) return *std::move(result.error);
  return plain_error("probe", "", "no svn repository any more");
}

// A tool may not write more into one file than all files of the source take on disk: a sparse
// file of terabytes costs its owner's item, not the disk.
std::uint64_t largest_file(const TreeLook& look) {
  std::uint64_t blocks = 0;
  for (const TreeEntry& entry : look.entries)
    blocks += static_cast<std::uint64_t>(entry.st.st_blocks);
  constexpr std::uint64_t kBlock = 512;
  constexpr std::uint64_t kSlack = std::uint64_t{64} << 20;
  return 2 * blocks * kBlock + kSlack;
}

// The highest number of a file db/revs/N or db/revs/SHARD/N; packed shards ("3.pack") are older.
std::uint64_t highest_revision(const TreeLook& look) {
  std::uint64_t highest = 0;
  for (const TreeEntry& entry : look.entries) {
    if (!entry.is_file() || !entry.path.starts_with("db/revs/")) continue;
    const char* begin = entry.path.data() + entry.path.rfind('/') + 1;
    const char* end = entry.path.data() + entry.path.size();
    std::uint64_t revision = 0;
    const auto [stop, error] = std::from_chars(begin, end, revision);
    if (error == std::errc() && stop == end) highest = std::max(highest, revision);
  }
  return highest;
}

// In db/ hotcopy would follow a link (out of the sandbox it leads nowhere) and wait at a FIFO for
// ever. The error names the first of them.
std::optional<Error> odd_data(const TreeLook& look) {
  for (const TreeEntry& entry : look.entries) {
    if (!entry.path.starts_with("db/") || entry.is_directory() || entry.is_file()) continue;
    return plain_error("copy", entry.path,
                       entry.is_link()
                           ? "data behind a symbolic link is not copied: it leads to " + entry.link
                           : "a FIFO, socket or device among the data");
  }
  return std::nullopt;
}

// Makes what the tool's user has written root's, and readable for that user. Nothing runs in the
// sandbox any more, so names stay what they are.
class TakeOver final : public TreeVisitor {
 public:
  explicit TakeOver(std::uint32_t readers) : readers_(readers) {}
  Result<Descend> enter(const TreeEntry& entry, int parent, const std::string& name) override {
    if (!entry.is_directory() && !entry.is_file() && !entry.is_link()) {
      return plain_error("copy", entry.path, "svnadmin left something that is no file there");
    }
    if (entry.is_file() && entry.st.st_nlink != 1) {
      return plain_error("copy", entry.path, "svnadmin left a file with several names there");
    }
    const int flags = AT_SYMLINK_NOFOLLOW | (name.empty() ? AT_EMPTY_PATH : 0);
    if (geteuid() == 0 && fchownat(parent, name.c_str(), 0, readers_, flags) != 0) {
      return system_error("change the owner", entry.path, errno);
    }
    if (entry.is_link()) return Descend::kNo;
    const mode_t mode = entry.is_directory() ? 0750 : 0640 | (entry.st.st_mode & S_IXUSR);
    const int changed =
        name.empty() ? fchmod(parent, mode) : fchmodat(parent, name.c_str(), mode, 0);
    if (changed != 0) return system_error("change the mode", entry.path, errno);
    return Descend::kYes;
  }
  Status leave(const TreeEntry&, int) override { return {}; }

 private:
  std::uint32_t readers_;
};

class SvnDumper final : public Dumper {
 public:
  std::string tool() const override { return kTool; }
  std::string package() const override { return "subversion"; }

  Result<std::string> tool_version(const CommandRunner& runner,
                                   const Patience& patience) const override {
    Command command = base_command(kFirstSandboxUid, patience);
    command.argv = {kTool, "--version", "-q"};
    const CommandResult result = runner.run(command);
    if (!result.ok()) return tool_error("run svnadmin --version", result);
    return result.out.substr(0, result.out.find('\n'));
  }

  Result<CopyFacts> copy(const DumpJob& job, const CommandRunner& runner) const override {
    Result<Detail> before = probe(job.source_fd);
    if (!before) return before.error();
    if (text(*before, "fs_type") == "bdb") {
      return plain_error("copy", "",
                         "Berkeley DB repositories cannot be copied yet: "
                         "load it into an FSFS repository");
    }
    const TreeSource source{job.source_fd, std::nullopt};
    const Skip skip = job.skip_nested("");
    // With what is nested: hotcopy reads that too, and it is removed from the copy afterwards.
    Result<TreeLook> look = look_at_tree(source, Skip(), job.patience);
    if (!look) return look.error();
    if (auto odd = odd_data(*look)) return *odd;
    for (const TreeEntry& entry : look->entries) {
      if (is_utf8(entry.path)) continue;
      return plain_error("copy", entry.path, "svnadmin hotcopy takes no name that is not UTF-8");
    }
    if (inflates(*look)) {  // hotcopy would write the holes
      return too_much_for_its_size();
    }

    Command command = base_command(job.uid, job.patience);
    if (mkdirat(job.staging_fd, "data", 0700) != 0) return system_error("create", "data", errno);
    Result<UniqueFd> data = open_beneath(job.staging_fd, "data", O_RDONLY | O_DIRECTORY);
    if (!data) return data.error();
    command.argv = {kTool, "hotcopy", "-q", "/source", "/staging"};
    command.binds = {{job.source_fd, "/source", false}, {data->get(), "/staging", true}};
    command.reads_any_file = true;
    command.max_file_size = largest_file(*look);
    if (geteuid() == 0 && fchown(data->get(), job.uid, job.uid) != 0) {
      return system_error("change the owner", "", errno);
    }
    const CommandResult result = runner.run(command);
    if (!result.ok()) {
      Error error = tool_error("svnadmin hotcopy", result);
      // The race with svnadmin pack, which removes what hotcopy is about to read; and a commit that
      // is larger than all there was when the limit was set.
      for (const char* retryable : {"E000002", "E000027"}) {
        if (result.err.find(retryable) != std::string::npos) error.code = EBUSY;
      }
      return error;
    }
    if (Status taken = take_over(job, data->get()); !taken) return taken.error();

    // What came or went under the copy shows in a second look; the copy is the one to record.
    look = look_at_tree(source, skip, job.patience);
    if (!look) return look.error();
    Result<std::vector<OwnersLine>> owners = owners_of(source, "", skip, job.patience);
    if (!owners) return owners.error();
    Result<Detail> after = probe(job.source_fd);
    if (!after) return after.error();
    // The look came before: a commit in flight has written one file more at most.
    const std::uint64_t written = highest_revision(*look);
    if (written > number(*after, "revision") + 1) {
      return plain_error("copy", "db/current",
                         fmt::format("says revision {}, but db/revs holds {}: revisions would be "
                                     "lost; svnadmin recover mends it",
                                     number(*after, "revision"), written));
    }

    Result<Detail> copied = probe(data->get());
    if (!copied) return copied.error();
    if (text(*copied, "uuid") != text(*before, "uuid") ||
        text(*copied, "uuid") != text(*after, "uuid")) {
      return plain_error("compare", "", "the uuid changed during the copy");
    }
    const std::uint64_t revision = number(*copied, "revision");
    if (revision < number(*before, "revision") || revision > number(*after, "revision")) {
      Error error = system_error("compare", "", EBUSY);
      error.message =
          fmt::format("the copy has revision {}, the source had {} before and {} after", revision,
                      number(*before, "revision"), number(*after, "revision"));
      return error;
    }
    CopyFacts facts;
    facts.fingerprint = *std::move(copied);
    facts.source_look = *std::move(look);
    facts.owners = *std::move(owners);
    return facts;
  }

  Status verify(const DumpJob& job, const CopyFacts& facts,
                const CommandRunner& runner) const override {
    Result<UniqueFd> data = open_beneath(job.staging_fd, "data", O_RDONLY | O_DIRECTORY);
    if (!data) return data.error();
    Command command = base_command(job.uid, job.patience);
    command.argv = {kTool, "verify", "-q", "/staging"};
    command.binds = {{data->get(), "/staging", false}};
    const CommandResult result = runner.run(command);
    if (!result.ok()) return tool_error("svnadmin verify", result);
    Result<Detail> copied = probe(data->get());
    if (!copied) return copied.error();
    if (*copied != facts.fingerprint) {
      return plain_error("compare", "", "the copy changed while it was verified");
    }
    return {};
  }

 private:
  static Command base_command(std::uint32_t uid, const Patience& patience) {
    Command command;
    command.uid = uid;
    command.patience = patience;
    return command;
  }

  static Status take_over(const DumpJob& job, int data) {
    for (const std::string& path : job.nested) {  // hotcopy takes them as plain files
      const std::size_t slash = path.rfind('/');
      const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
      Result<UniqueFd> parent = open_beneath(
          data, slash == std::string::npos ? "." : path.substr(0, slash), O_RDONLY | O_DIRECTORY);
      if (!parent) continue;
      if (Status removed = remove_tree(parent->get(), name); !removed) return removed;
    }
    TakeOver visitor(job.uid);
    return walk_tree({data, std::nullopt}, visitor, job.patience);
  }
};

}  // namespace

std::unique_ptr<Dumper> make_svn_dumper() { return std::make_unique<SvnDumper>(); }

}  // namespace repo
