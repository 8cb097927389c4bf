#include "dumper/postgres_configuration.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>

#include "base/bytes_path.h"
#include "base/file_io.h"
#include "dumper/identity.h"
#include "dumper/tree.h"
#include "dumper/tree_copier.h"
#include "scanner/postgres_facts.h"

namespace repo {
namespace {

constexpr std::size_t kSmall = 65536;
constexpr std::uint64_t kMostBytes = std::uint64_t{64} << 20;  // of a configuration
constexpr int kMostUnreadable = 20;

// The folder of the configuration file, or nothing where it lies in the data directory.
std::optional<std::string> folder_of(const DumpJob& job, const std::string& file) {
  if (!is_canonical_path(file) || is_within(file, job.source.path)) return std::nullopt;
  return file.substr(0, std::max<std::size_t>(file.rfind('/'), 1));
}

std::optional<std::string> find_folder(const DumpJob& job, const std::string& config_file) {
  if (!config_file.empty()) return folder_of(job, config_file);
  const Result<std::string> options = read_small_file(job.source_fd, "postmaster.opts", kSmall);
  if (!options) return std::nullopt;
  if (const auto named = parse_config_file(*options)) return folder_of(job, *named);
  const auto start = parse_start_folder(*options);
  return start ? folder_of(job, join_path(*start, "postgresql.conf")) : std::nullopt;
}

// Without what the owner may not read, which is named.
Status copy_readable(const TreeSource& source, int data, const std::string& place,
                     const Patience& patience, std::vector<std::string>& notes) {
  std::set<std::string> unreadable;
  CopyOptions options;
  options.patience = patience;
  options.skip = [&unreadable](const std::string& path) { return unreadable.contains(path); };
  while (true) {
    const Result<UniqueFd> folder = make_folders(data, "configuration");
    if (!folder) return folder.error();
    const auto copied = copy_tree(source, folder->get(), options);
    if (copied) break;
    if (Status removed = remove_tree(data, "configuration"); !removed) return removed;
    const Error& error = copied.error();
    const bool again = error.code == EACCES && unreadable.size() < kMostUnreadable &&
                       unreadable.insert(error.path).second;
    if (again) continue;
    if (out_of_patience(patience) || error.code == ENOSPC || error.code == EDQUOT) return error;
    notes.push_back("its configuration in " + printable(place) +
                    " is not in this copy: " + describe(error));
    return {};
  }
  for (const std::string& path : unreadable) {
    notes.push_back(printable(join_path(place, path)) +
                    " is not in this copy: the cluster's owner may not read it");
  }
  return {};
}

}  // namespace

bool is_of_the_server(std::string_view name) {
  // Logs are none of a cluster's data, and grow without bound.
  constexpr std::array<std::string_view, 9> kNames = {"PG_VERSION",
                                                      "base",
                                                      "global",
                                                      "postmaster.pid",
                                                      "postmaster.opts",
                                                      "backup_label",
                                                      "tablespace_map",
                                                      "current_logfiles",
                                                      "log"};
  const bool is_named = std::find(kNames.begin(), kNames.end(), name) != kNames.end();
  return is_named || (name.starts_with("pg_") && !name.ends_with(".conf"));
}

Status copy_postgres_files_of_people(const DumpJob& job, int data, CopyFacts& facts) {
  CopyOptions options;
  options.patience = job.patience;
  const Skip nested = job.skip_nested("");
  options.skip = [&nested](const std::string& path) {
    return is_of_the_server(path.substr(0, path.find('/'))) || nested(path);
  };
  const Result<UniqueFd> folder = make_folders(data, "files");
  if (!folder) return folder.error();
  const auto copied = copy_tree({job.source_fd, std::nullopt}, folder->get(), options);
  if (!copied) return copied.error();
  facts.elsewhere = Elsewhere{"files", UniqueFd(fcntl(job.source_fd, F_DUPFD_CLOEXEC, 0)), {}};
  return {};
}

Status copy_postgres_configuration(const DumpJob& job, int data, const std::string& config_file,
                                   CopyFacts& facts) {
  const std::optional<std::string> place = find_folder(job, config_file);
  if (!place) {
    const bool is_there =
        faccessat(job.source_fd, "postgresql.conf", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    if (!is_there) facts.notes.emplace_back("no postgresql.conf was found: it is not in this copy");
    return {};
  }
  auto not_copied = [&](const std::string& why) {
    facts.notes.push_back("its configuration in " + printable(*place) +
                          " is not in this copy: " + why);
    return Status();
  };
  if (is_within(job.source.path, *place))
    return not_copied("the data directory lies in there, too");
  const Identity owner = identity_of(job.source.uid);
  const Result<UniqueFd> folder = open_directory_as(job.source_fd, *place, owner);
  if (!folder) return not_copied(describe(folder.error()));
  const TreeSource source{folder->get(), owner};
  const Result<TreeLook> look = look_at_tree(source, Skip(), job.patience);
  if (!look) return not_copied(describe(look.error()));
  if (look->apparent > kMostBytes) return not_copied("it is larger than any configuration");
  return copy_readable(source, data, *place, job.patience, facts.notes);
}

std::optional<TreeLook> look_at_postgres_configuration(const DumpJob& job, const Seen& seen) {
  const std::optional<std::string> place = find_folder(job, "");
  if (!place || is_within(job.source.path, *place)) return std::nullopt;
  const Identity owner = identity_of(job.source.uid);
  const Result<UniqueFd> folder = open_directory_as(job.source_fd, *place, owner);
  if (!folder) return std::nullopt;
  const Result<TreeLook> look = look_at_tree({folder->get(), owner}, Skip(), job.patience, seen);
  return look ? std::optional(*look) : std::nullopt;
}

}  // namespace repo
