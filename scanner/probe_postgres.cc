// Sources: postgresql.org/docs/15/storage-file-layout.html and those of the versions before (a data
// directory of 7.1 or later has PG_VERSION, base/ and global/pg_control; each database's folder has
// a PG_VERSION, too); src/bin/pg_upgrade/controldata.c, disable_old_cluster() (pg_control.old);
// src/backend/access/transam/xlogrecovery.c (standby.signal, recovery.signal since 12,
// recovery.conf before); "Making a Base Backup" in the documentation (backup_label).

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/bytes_path.h"
#include "scanner/postgres_facts.h"
#include "scanner/probe.h"

namespace repo {
namespace {

constexpr std::size_t kSmall = 65536;
constexpr const char* kControl = "global/pg_control";

bool is_there(const Directory& directory, const std::string& path) {
  return static_cast<bool>(directory.stat_entry(path));
}

std::string link_text(const Directory& directory, const std::string& path) {
  const Result<std::string> target = directory.read_link(path);
  return target ? ": " + path + " is a symbolic link to " + *target : std::string();
}

ProbeResult cannot_read(const Directory& directory, const std::string& path, int code) {
  std::string why = "PostgreSQL cluster whose " + path + " cannot be read";
  if (code == ENOENT) why = "PostgreSQL cluster whose " + path + " is gone";
  if (code == EINVAL) why = "PostgreSQL cluster whose " + path + " is no file";
  std::string link = link_text(directory, path);
  if (link.empty() && path == kControl) link = link_text(directory, "global");
  return broken(path, code, why + link);
}

Result<std::string> read_beginning(const Directory& directory, const std::string& path,
                                   std::size_t size) {
  const Result<std::unique_ptr<File>> file = directory.open_file(path);
  if (!file) return file.error();
  std::string bytes(size, '\0');
  const Result<std::size_t> read = (*file)->read_at(0, bytes);
  if (!read) return read.error();
  bytes.resize(*read);
  return bytes;
}

// A data directory that is no cluster of its own.
std::optional<Aside> aside(const Directory& directory, std::uint32_t version) {
  // A server renames backup_label when it first starts. Where postmaster.pid is there too, it may
  // be that somebody copies a running cluster by pg_start_backup() right now.
  if (is_there(directory, "backup_label") && !is_there(directory, "postmaster.pid")) {
    return Aside{"base backup of a PostgreSQL cluster", false};
  }
  constexpr std::uint32_t kSignalFiles = 120000;
  if (version >= kSignalFiles) {
    if (is_there(directory, "standby.signal")) {
      return Aside{"PostgreSQL standby: its data are its primary's", true};
    }
    if (is_there(directory, "recovery.signal")) {
      return Aside{"PostgreSQL cluster in recovery from a base backup", true};
    }
  } else if (is_there(directory, "recovery.conf")) {
    return Aside{"PostgreSQL standby, or a cluster in recovery", true};
  }
  return std::nullopt;
}

void put_server(const Directory& directory, Detail& detail) {
  const Result<std::string> text = directory.read_file("postmaster.pid", kSmall);
  const auto server = text ? parse_postmaster_pid(*text) : std::nullopt;
  if (!server) return;
  if (server->status) detail.emplace_back("status", *server->status);
  if (server->port) detail.emplace_back("port", std::uint64_t{*server->port});
  if (server->socket) detail.emplace_back("socket", *server->socket);
  if (!server->data_directory.empty()) {
    detail.emplace_back("data_directory", server->data_directory);
  }
}

}  // namespace

ProbeResult probe_postgres(const Directory& directory) {
  const Result<std::string> version_text = directory.read_file("PG_VERSION", kSmall);
  if (!version_text && version_text.error().code == ENOENT) return {};
  const Result<std::string> control = read_beginning(directory, kControl, kControlBytes);
  if (!control && control.error().code == ENOENT && is_there(directory, "global/pg_control.old")) {
    return {.aside = Aside{"PostgreSQL cluster that pg_upgrade has replaced", false}};
  }
  if (!version_text) return cannot_read(directory, "PG_VERSION", version_text.error().code);
  if (!control) return cannot_read(directory, kControl, control.error().code);
  const std::optional<PostgresVersion> version = parse_pg_version(*version_text);
  if (!version) return broken("PG_VERSION", 0, "PostgreSQL cluster whose PG_VERSION holds none");
  const bool is_empty =
      std::all_of(control->begin(), control->end(), [](char c) { return c == 0; });
  if (control->size() < kControlBytes || is_empty) {
    return broken(kControl, 0, "PostgreSQL cluster whose global/pg_control is empty or cut short");
  }
  if (auto told = aside(directory, version->number)) return {.aside = std::move(told)};

  Detail detail{{"version", version->text}};
  if (const auto facts = parse_pg_control(*control)) {
    detail.emplace_back("system_identifier", std::to_string(facts->system_identifier));
    detail.emplace_back("catalog_version", std::uint64_t{facts->catalog_version});
    detail.emplace_back("state", facts->state);
  }
  put_server(directory, detail);
  if (const auto options = directory.read_file("postmaster.opts", kSmall)) {
    if (auto file = parse_config_file(*options)) {
      detail.emplace_back("config_file", *std::move(file));
    }
  }
  return {.detail = std::move(detail)};
}

}  // namespace repo
