#include "dumper/postgres_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <sstream>

#include "base/bytes_path.h"
#include "base/digest.h"
#include "base/file_io.h"
#include "dumper/identity.h"
#include "dumper/postgres_ask.h"
#include "dumper/postgres_configuration.h"
#include "dumper/postgres_server.h"
#include "dumper/postgres_texts.h"
#include "dumper/tree.h"
#include "dumper/tree_copier.h"
#include "scanner/postgres_facts.h"

namespace repo {
namespace {

constexpr std::size_t kSmall = 65536;
constexpr const char* kControl = "global/pg_control";
constexpr const char* kPid = "postmaster.pid";

// A part of the cluster that lies outside of the data directory.
struct Part {
  std::string at;  // in data/
  UniqueFd fd;
  std::string path;    // where a link leads to it
  std::string prefix;  // set: of its top folder only names that begin so
};

Result<std::string> link_in(int directory, const std::string& path) {
  std::string text(PATH_MAX, '\0');
  const ssize_t n = readlinkat(directory, path.c_str(), text.data(), text.size());
  if (n < 0) return system_error("read", path, errno);
  text.resize(static_cast<std::size_t>(n));
  return text;
}

class Parts {
 public:
  static Result<Parts> find(const DumpJob& job, const PostgresVersion& version) {
    Parts parts;
    parts.owner_ = identity_of(job.source.uid);
    for (const char* name : {"pg_wal", "pg_xlog"}) {
      const Result<std::string> target = link_in(job.source_fd, name);
      if (!target) continue;
      if (Status added = parts.add(job.source_fd, fmt::format("pgdata/{}", name), *target, "");
          !added) {
        return added.error();
      }
      parts.wal_ = name;
    }
    const UniqueFd links = open_directory(job.source_fd, "pg_tblspc");
    if (links) {
      const Result<std::vector<Listed>> names = entries_in(links.get());
      if (!names) return names.error();
      for (const auto& [name, type] : *names) {
        const Result<std::string> target = link_in(links.get(), name);
        if (!target) continue;  // a folder: it lies in the data directory
        Status added =
            parts.add(links.get(), "tablespaces/" + name, *target, "PG_" + major_of(version) + "_");
        if (!added) return added.error();
      }
    }
    return parts;
  }

  const std::vector<Part>& all() const { return parts_; }
  const Identity& owner() const { return owner_; }
  // The name in the data directory that a link to the log has; empty: it is a folder.
  const std::string& wal() const { return wal_; }

 private:
  // `base`: what the text of a link is relative to.
  Status add(int base, const std::string& at, const std::string& target,
             const std::string& prefix) {
    Result<UniqueFd> fd = open_directory_as(base, target, owner_);
    if (!fd) {
      Error error = fd.error();
      error.message += ", which " + printable(at) + " of the cluster is";
      return error;
    }
    parts_.push_back({at, *std::move(fd), target, prefix});
    return {};
  }

  std::vector<Part> parts_;
  Identity owner_;
  std::string wal_;
};

Skip skip_others(const std::string& prefix) {
  return [prefix](const std::string& path) {
    return !prefix.empty() && !path.empty() && !path.starts_with(prefix);
  };
}

Result<std::string> shut_down_control(int data_directory) {
  if (faccessat(data_directory, kPid, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
    return plain_error("copy", "", "its server was started");
  }
  Result<std::string> control = read_small_file(data_directory, kControl, kSmall);
  if (!control) return control;
  const auto facts = parse_pg_control(control->substr(0, kControlBytes));
  if (!facts) {
    return plain_error("copy", "", "its global/pg_control is of a layout that is not known here");
  }
  if (!facts->state.starts_with("shut down")) {
    return plain_error(
        "copy", "",
        "its state is \"" + facts->state +
            "\" and no server runs: it crashed, and its files are no copy. Start it, "
            "so that it recovers");
  }
  return control;
}

Result<PostgresVersion> version_in(int data_directory) {
  const Result<std::string> text = read_small_file(data_directory, "PG_VERSION", kSmall);
  if (!text) return text.error();
  if (auto version = parse_pg_version(*text)) return *version;
  return plain_error("read", "PG_VERSION", "it holds no version");
}

// Finds links where a server has none.
class Links final : public TreeVisitor {
 public:
  Result<Descend> enter(const TreeEntry& entry, int, const std::string&) override {
    const std::string top = entry.path.substr(0, entry.path.find('/'));
    if (entry.path.empty()) return Descend::kYes;
    // Links to tablespaces are followed elsewhere, and so is one to the log.
    if (!is_of_the_server(top) || top == "log" || top == "pg_tblspc" || is_log(top)) {
      return Descend::kNo;
    }
    if (!entry.is_link()) return Descend::kYes;
    return plain_error("copy", entry.path,
                       "a part of the cluster behind a symbolic link, to " + printable(entry.link) +
                           ", which is not followed");
  }
  Status leave(const TreeEntry&, int) override { return {}; }

 private:
  static bool is_log(const std::string& top) { return top == "pg_wal" || top == "pg_xlog"; }
};

// In a tablespace there is none at all.
std::optional<Error> refuse_link(const TreeEntry& entry) {
  if (!entry.is_link()) return std::nullopt;
  return plain_error("copy", entry.path, "a symbolic link in a tablespace, which is not followed");
}

Skip skip_in_data_directory(const Parts& parts) {
  return [&parts](const std::string& path) {
    return path == kPid || (!parts.wal().empty() && path == parts.wal());
  };
}

}  // namespace

Status has_no_links(const DumpJob& job) {
  Links visitor;
  return walk_tree({job.source_fd, std::nullopt}, visitor, job.patience);
}

bool is_shut_down(int data_directory) {
  return static_cast<bool>(shut_down_control(data_directory));
}

Result<TreeLook> look_at_postgres_files(const DumpJob& job, const Seen& seen) {
  const Result<PostgresVersion> version = version_in(job.source_fd);
  if (!version) return version.error();
  const Result<Parts> parts = Parts::find(job, *version);
  if (!parts) return parts.error();
  Result<TreeLook> look = look_at_tree({job.source_fd, std::nullopt},
                                       skip_in_data_directory(*parts), job.patience, seen);
  for (const Part& part : parts->all()) {
    if (!look) return look;
    const Result<TreeLook> more =
        look_at_tree({part.fd.get(), parts->owner()}, skip_others(part.prefix), job.patience, seen);
    if (!more) return more;
    look = together(*std::move(look), *more);
  }
  if (!look) return look;
  const std::optional<TreeLook> configuration = look_at_postgres_configuration(job, seen);
  return configuration ? together(*std::move(look), *configuration) : look;
}

Result<CopyFacts> copy_postgres_files(const DumpJob& job) {
  const Result<std::string> before = shut_down_control(job.source_fd);
  if (!before) return before.error();
  const Result<PostgresVersion> version = version_in(job.source_fd);
  if (!version) return version.error();
  if (Status whole = has_no_links(job); !whole) return whole.error();
  const Result<Parts> parts = Parts::find(job, *version);
  if (!parts) return parts.error();

  const Result<UniqueFd> pgdata = make_folders(job.staging_fd, "data/pgdata");
  if (!pgdata) return pgdata.error();
  const UniqueFd data = open_directory(job.staging_fd, "data");
  if (!data) return system_error("open", "data", errno);
  CopyOptions options;
  options.patience = job.patience;
  options.skip = skip_in_data_directory(*parts);
  if (auto copied = copy_tree({job.source_fd, std::nullopt}, pgdata->get(), options); !copied) {
    return copied.error();
  }
  for (const Part& part : parts->all()) {
    const Result<UniqueFd> folder = make_folders(data.get(), part.at);
    if (!folder) return folder.error();
    options.skip = skip_others(part.prefix);
    if (part.at.starts_with("tablespaces/")) options.refuse = refuse_link;
    auto copied = copy_tree({part.fd.get(), parts->owner()}, folder->get(), options);
    if (!copied) return copied.error();
  }
  CopyFacts facts;
  Status configured = copy_postgres_configuration(job, data.get(), "", facts);
  if (!configured) return configured.error();
  const Result<std::string> after = shut_down_control(job.source_fd);
  if (!after || *after != *before) return busy("", "its server was started during the copy");

  const auto control = parse_pg_control(before->substr(0, kControlBytes));
  facts.is_told = true;
  facts.elsewhere = Elsewhere{"pgdata", UniqueFd(fcntl(job.source_fd, F_DUPFD_CLOEXEC, 0)), {}};
  const std::string identifier = std::to_string(control->system_identifier);
  facts.fingerprint = {{"version", version->text},
                       {"major", major_of(*version)},
                       {"system_identifier", identifier},
                       {"method", std::string("files")},
                       {"control_sha256", sha256_hex(*before)}};
  for (const Part& part : parts->all()) {
    if (part.at.starts_with("tablespaces/")) {
      facts.notes.push_back(fmt::format("{} is what lay in {}", part.at, printable(part.path)));
    }
  }
  Status written = create_file(data.get(), "cluster", cluster_text(facts.fingerprint));
  if (!written) return written.error();
  return facts;
}

Status verify_postgres_files(const DumpJob& job, int data, CopyFacts& facts,
                             const CommandRunner& runner) {
  const std::string major = find_text(facts.fingerprint, "major").value_or("");
  const std::string programs = postgres_programs(major);
  if (access((programs + "/pg_controldata").c_str(), X_OK) != 0) {
    return plain_error("verify", "",
                       fmt::format("there is no pg_controldata of its version in {}: apt-get "
                                   "install postgresql-{}",
                                   programs, major));
  }
  const Result<std::string> control =
      read_small_file(data, std::string("pgdata/") + kControl, kSmall);
  if (!control) return control.error();
  if (sha256_hex(*control) != find_text(facts.fingerprint, "control_sha256")) {
    return other_fingerprint();
  }
  const Result<std::string> said =
      run_on_copy(job, data, facts, runner, kPostgresVerifyFilesScript, "/staging", "pg_checksums");
  if (!said) return said.error();
  // "pg_checksums (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"
  std::istringstream words(*said);
  std::string of;
  words >> facts.tool >> of >> facts.tool_version;
  return {};
}

}  // namespace repo
