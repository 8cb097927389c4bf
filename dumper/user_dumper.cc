#include "dumper/user_dumper.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/bytes_path.h"
#include "base/digest.h"
#include "base/file_io.h"
#include "base/host.h"
#include "base/text.h"
#include "dumper/account.h"
#include "dumper/room_meter.h"
#include "dumper/sandbox.h"
#include "dumper/user_command.h"
#include "dumper/user_copy.h"

namespace repo {
namespace {

class UserDumper final : public Dumper {
 public:
  explicit UserDumper(UserKind kind) : kind_(std::move(kind)) {}

  const UserKind* user_kind() const override { return &kind_; }

  std::string tool() const override { return kind_.dump.front().argv.front(); }
  std::string package() const override { return kind_.package; }

  std::optional<Error> missing_tool() const override {
    // Whose program it may be depends on as whom it runs: check_program() is asked again then.
    std::optional<Account> account;
    if (!kind_.run_as.empty() && kind_.run_as != "owner") {
      const Result<Account> found = account_named(kind_.run_as);
      if (!found) return found.error();
      account = *found;
    }
    if (kind_.run_as == "owner") return std::nullopt;
    for (const UserCommand& each : kind_.dump) {
      const Status fine = check_program(kind_, each.argv.front(), account);
      if (!fine) return fine.error();
    }
    return std::nullopt;
  }

  Result<std::string> tool_version(const CommandRunner& runner,
                                   const Patience& patience) const override {
    constexpr const char* kUnknown = "unknown";
    if (kind_.version.empty()) return std::string(kUnknown);
    UserPlace place;
    place.base.uid = kFirstSandboxUid;
    place.base.patience = patience;
    const Result<std::string> said =
        run_user_commands(kind_, "tool_version", kind_.version, place, runner);
    if (!said) return said.error();
    std::string line = as_fact(first_line(*said));
    return line.empty() ? std::string(kUnknown) : line;
  }

  Result<TreeLook> look(const DumpJob& job, const Seen& seen) const override {
    const Result<std::vector<std::string>> matches = user_matches(kind_, job.source_fd);
    if (!matches) return matches.error();
    Skip skip;
    if (kind_.unchanged_by_files && has_file_names()) {
      skip = [&](const std::string& path) {
        return !path.empty() &&
               std::none_of(matches->begin(), matches->end(),
                            [&](const std::string& match) { return path.starts_with(match); });
      };
    }
    Result<TreeLook> look = look_at_tree({job.source_fd, std::nullopt}, skip, job.patience, seen);
    if (!look) return look;
    // Its files are not copied as they are: holes in them are no danger.
    look->apparent = std::min(look->apparent, look->on_disk);
    // Another definition may copy and verify in another way.
    look->digest = sha256_hex(look->digest + kind_.digest);
    // A look that is not settled equals no later one (reuse.h).
    if (!kind_.unchanged_by_files) look->newest = look->began;
    return look;
  }

  bool is_immutable(std::string_view) const override { return false; }
  bool shares() const override { return false; }

  Result<CopyFacts> copy(const DumpJob& job, const CommandRunner& runner) const override {
    return copy_user_kind(kind_, job, runner);
  }

  Result<Verified> verify(const DumpJob& job, CopyFacts& facts,
                          const CommandRunner& runner) const override {
    const Result<UniqueFd> data = open_beneath(job.staging_fd, "data", O_RDONLY | O_DIRECTORY);
    if (!data) return data.error();
    const std::uint64_t bytes = find_number(facts.fingerprint, "bytes").value_or(0);
    if (bytes < kind_.min_bytes) {
      return plain_error("verify", "",
                         fmt::format("its dump has {}, less than \"min_bytes\" of {} ({})",
                                     counted(bytes, "byte"), kind_.file, kind_.min_bytes));
    }
    UserPlace place;
    place.base.uid = job.uid;
    place.base.patience = job.patience;
    place.base.reads_any_file = true;
    place.values = user_values(job.source.path, job.source.uid, job.source.gid, host_name());
    place.values.dest = kUserDataAt;
    place.values.tmp = kUserTmpAt;
    if (dumps_each_match(kind_) || names_a_match(kind_.verify)) {
      Result<std::vector<std::string>> matches = user_matches(kind_, data->get());
      if (!matches) return matches.error();
      const std::uint64_t wanted = find_number(facts.fingerprint, "matches").value_or(0);
      if (matches->size() < wanted) {
        return plain_error("verify", "",
                           fmt::format("of {} that the signature matches the dump has {}",
                                       counted(wanted, "file"), matches->size()));
      }
      place.values.matches = *std::move(matches);
    }
    if (kind_.verify.empty()) {
      facts.notes.emplace_back(
          "its kind has no \"verify\": no tool has read this copy, and it counts as not verified");
      return Verified::kNot;
    }
    const Result<UniqueFd> tmp =
        make_user_folder(job.staging_fd, "tmp", {job.uid, job.uid}, job.patience);
    if (!tmp) return tmp.error();
    RoomMeter meter(tmp->get(), job.patience.room);
    place.base.patience.has_room = [&meter] { return meter.take(); };
    place.base.max_file_size = largest_file(tmp->get());
    place.base.binds = {{data->get(), kUserDataAt, false}, {tmp->get(), kUserTmpAt, true}};
    place.base.environment = user_environment(kind_, place.values);
    const Result<std::string> said =
        run_user_commands(kind_, "verify", kind_.verify, place, runner);
    if (Status removed = remove_tree(job.staging_fd, "tmp"); !removed) return removed.error();
    if (!said) return said.error();
    return Verified::kWhole;
  }

  std::optional<std::string> alarm(const Detail& before, const Detail& now) const override {
    const std::optional<std::string> was = find_text(before, "identity");
    const std::optional<std::string> is = find_text(now, "identity");
    if (was && is && *was != *is) {
      return fmt::format("it is something else now: its identity was \"{}\" and is \"{}\"",
                         printable(*was), printable(*is));
    }
    const std::optional<std::uint64_t> old = find_number(before, "bytes");
    const std::optional<std::uint64_t> bytes = find_number(now, "bytes");
    constexpr std::uint64_t kAll = 100;
    if (kind_.max_shrink && old && bytes &&
        static_cast<double>(*bytes) * kAll <
            static_cast<double>(*old) * static_cast<double>(kAll - *kind_.max_shrink)) {
      return fmt::format("its dump fell from {} to {} bytes, by more than {} percent", *old, *bytes,
                         *kind_.max_shrink);
    }
    return std::nullopt;
  }

 private:
  bool has_file_names() const {
    const UserSignature& signature = kind_.signature;
    return !signature.magics.empty() || !signature.globs.empty() || !signature.files.empty();
  }

  const UserKind kind_;
};

}  // namespace

std::unique_ptr<Dumper> make_user_dumper(UserKind kind) {
  return std::make_unique<UserDumper>(std::move(kind));
}

}  // namespace repo
