#include "dumper/postgres_configuration.h"

#include <fcntl.h>

#include <algorithm>
#include <array>

#include "base/bytes_path.h"
#include "base/file_io.h"
#include "dumper/identity.h"
#include "dumper/tree.h"
#include "dumper/tree_copier.h"
#include "scanner/postgres_facts.h"

namespace repo {
namespace {

Status copy_folder(const TreeSource& source, int data, const std::string& name,
                   const CopyOptions& options) {
  const Result<UniqueFd> folder = make_folders(data, name);
  if (!folder) return folder.error();
  auto copied = copy_tree(source, folder->get(), options);
  return copied ? Status() : Status(copied.error());
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

std::optional<std::string> configuration_elsewhere(const DumpJob& job) {
  constexpr std::size_t kSmall = 65536;
  const Result<std::string> options = read_small_file(job.source_fd, "postmaster.opts", kSmall);
  const auto file = options ? parse_config_file(*options) : std::nullopt;
  if (!file || !is_canonical_path(*file) || is_within(*file, job.source.path)) return std::nullopt;
  const std::size_t slash = file->rfind('/');
  return slash == 0 ? std::nullopt : std::optional(file->substr(0, slash));
}

Status copy_postgres_configuration(const DumpJob& job, int data, CopyFacts& facts) {
  CopyOptions options;
  options.patience = job.patience;
  const Skip nested = job.skip_nested("");
  options.skip = [&nested](const std::string& path) {
    return is_of_the_server(path.substr(0, path.find('/'))) || nested(path);
  };
  if (Status copied = copy_folder({job.source_fd, std::nullopt}, data, "files", options); !copied) {
    return copied;
  }
  facts.elsewhere = Elsewhere{"files", UniqueFd(fcntl(job.source_fd, F_DUPFD_CLOEXEC, 0)), {}};
  const std::optional<std::string> place = configuration_elsewhere(job);
  if (!place) return {};
  const Identity owner = identity_of(job.source.uid);
  const Result<UniqueFd> folder = open_directory_as(job.source_fd, *place, owner);
  options.skip = Skip();
  Status copied = folder ? copy_folder({folder->get(), owner}, data, "configuration", options)
                         : Status(folder.error());
  if (copied || out_of_patience(job.patience)) return copied;
  facts.notes.push_back("its configuration in " + printable(*place) +
                        " is not in this copy: " + describe(copied.error()));
  return {};
}

}  // namespace repo
