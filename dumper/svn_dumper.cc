// Subversion: the copy is svn_copy.h's, of Berkeley DB svn_bdb.h's; here `svnadmin verify` of it.
//
// verify reads the revisions; of a copy that shares its older ones with a generation that was
// verified before, the new ones are enough. It opens db/rep-cache.db too, which a repository can do
// without: where that is what is damaged, it is taken out of the copy.
// Sources: svnadmin help verify; svn_error_codes.h (E20003x: SQLite).

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/file_io.h"
#include "base/text.h"
#include "dumper/dumper.h"
#include "dumper/sandbox.h"
#include "dumper/svn_bdb.h"
#include "dumper/svn_copy.h"
#include "dumper/svn_layout.h"
#include "dumper/tree_copier.h"
#include "scanner/probe.h"

namespace repo {
namespace {

constexpr const char* kTool = "svnadmin";
constexpr const char* kRepCache = "db/rep-cache.db";

std::uint64_t revision_in(const Detail& fingerprint) {
  return find_number(fingerprint, "revision").value_or(0);
}

// Whether every file that was verified with the previous copy is in this one, as it was there. A
// revision that was changed, lost or packed since makes all of them doubtful.
Result<bool> has_all_of(const DumpJob& job, int data) {
  bool all = true;
  const Skip skip = [](const std::string& path) {
    return !path.empty() && path != "db" && path != "db/revs" && !path.starts_with("db/revs/");
  };
  const Seen seen = [&](const TreeEntry& entry) {
    struct stat st = {};
    if (!all || !entry.is_file() || !is_immutable_svn(entry.path)) return;
    all = fstatat(data, entry.path.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0 &&
          is_same_file(entry.st, st);
  };
  const Result<TreeLook> look =
      look_at_tree({job.shared.previous, std::nullopt}, skip, job.patience, seen);
  if (!look) return look.error();
  return all;
}

bool is_bdb(const Detail& detail) { return find_text(detail, "fs_type") == "bdb"; }

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
    return first_line(result.out);
  }

  Result<TreeLook> look(const DumpJob& job, const Seen& seen) const override {
    return look_at_svn(job, seen);
  }

  bool is_immutable(std::string_view path) const override { return is_immutable_svn(path); }

  Result<CopyFacts> copy(const DumpJob& job, const CommandRunner&) const override {
    const ProbeResult probe = probe_svn(*borrow_directory(job.source_fd));
    return probe.detail && is_bdb(*probe.detail) ? copy_svn_bdb(job) : copy_svn(job);
  }

  Result<Verified> verify(const DumpJob& job, CopyFacts& facts,
                          const CommandRunner& runner) const override {
    const Result<UniqueFd> data = open_beneath(job.staging_fd, "data", O_RDONLY | O_DIRECTORY);
    if (!data) return data.error();
    if (is_bdb(facts.fingerprint)) {
      Status good = verify_svn_bdb(job, data->get(), facts, runner);
      return good ? Result<Verified>(Verified::kWhole) : good.error();
    }
    bool new_part = job.verified && job.shared.previous >= 0;
    if (new_part) {
      const Result<bool> all = has_all_of(job, data->get());
      if (!all) return all.error();
      new_part = *all;
    }
    Command command = base_command(job.uid, job.patience);
    command.argv = {kTool, "verify", "-q"};
    if (new_part) {
      const std::uint64_t youngest = revision_in(facts.fingerprint);
      const std::uint64_t first = std::min(revision_in(*job.verified) + 1, youngest);
      command.argv.insert(command.argv.end(), {"-r", fmt::format("{}:{}", first, youngest)});
    }
    command.argv.emplace_back("/staging");
    command.binds = {{data->get(), "/staging", false}};
    command.reads_any_file = true;
    CommandResult result = runner.run(command);
    // Damaged, or with views and triggers that end never.
    const bool suspicious = result.end == CommandResult::End::kStalled ||
                            result.err.find(": E20003") != std::string::npos;
    if (!result.ok() && suspicious && unlinkat(data->get(), kRepCache, 0) == 0) {
      facts.notes.push_back(fmt::format(
          "{} cannot be read and is left out (svnadmin build-repcache makes it anew)", kRepCache));
      result = runner.run(command);
    }
    if (!result.ok()) return tool_error("svnadmin verify", result);

    const Result<Detail> copied = svn_fingerprint(data->get(), Skip(), job.patience);
    if (!copied) return copied.error();
    if (*copied != facts.fingerprint) {
      return other_fingerprint();
    }
    return new_part ? Verified::kNewPart : Verified::kWhole;
  }

  std::optional<std::string> alarm(const Detail& before, const Detail& now) const override {
    const std::optional<std::string> was = find_text(before, "uuid");
    const std::optional<std::string> is = find_text(now, "uuid");
    if (was && is && *was != *is) return "it is another repository now: its uuid changed";
    if (find_number(now, "revision") && revision_in(now) < revision_in(before)) {
      return fmt::format("it went back from revision {} to {}", revision_in(before),
                         revision_in(now));
    }
    return std::nullopt;
  }

 private:
  static Command base_command(std::uint32_t uid, const Patience& patience) {
    Command command;
    command.uid = uid;
    command.patience = patience;
    return command;
  }
};

}  // namespace

std::unique_ptr<Dumper> make_svn_dumper() { return std::make_unique<SvnDumper>(); }

}  // namespace repo
