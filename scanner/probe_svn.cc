// Sources: subversion/libsvn_repos/repos.c, check_repos_path() and check_repos_version() (a
// repository is a directory with a file `format` that says 3 or 5 and a directory `db`);
// libsvn_fs/fs-loader.c (`db/fs-type`, absent only in Berkeley DB repositories of Subversion 1.0);
// libsvn_fs_fs/structure (`format`, `current`, `uuid`). `db/format` is absent in FSFS format 1.

#include <cerrno>

#include "base/bytes_path.h"
#include "base/number.h"
#include "base/text.h"
#include "scanner/probe.h"

namespace repo {
namespace {

constexpr std::size_t kSmall = 65536;

bool is_known(const std::string& fs_type) {
  return fs_type == "fsfs" || fs_type == "fsx" || fs_type == "bdb";
}

// As svn_io_read_version_file() reads it: digits up to the end of the first line, which must have
// one.
std::optional<std::uint64_t> format_number(const std::string& text) {
  const std::size_t end = text.find_first_of("\r\n");
  return end == std::string::npos ? std::nullopt : to_number<std::uint64_t>(text.substr(0, end));
}

bool is_missing(const Error& error) { return error.code == ENOENT; }

std::string link_text(const Directory& directory, const std::string& path) {
  const Result<std::string> target = directory.read_link(path);
  return target ? ": " + path + " is a symbolic link to " + *target : std::string();
}

ProbeResult cannot_read(const Directory& directory, const Error& error, const std::string& path) {
  return broken(path, error.code,
                "svn repository whose " + path + " cannot be read" + link_text(directory, path));
}

// Reads `path`, which the kind must have, into `text`; the outcome "broken" where it cannot.
std::optional<ProbeResult> must_read(const Directory& directory, const std::string& path,
                                     std::string& text) {
  Result<std::string> content = directory.read_file(path, kSmall);
  if (!content) return cannot_read(directory, content.error(), path);
  text = *std::move(content);
  return std::nullopt;
}

}  // namespace

ProbeResult probe_svn(const Directory& directory) {
  const Result<std::string> top = directory.read_file("format", kSmall);
  if (!top) {
    // Many programs keep a file `format` beside a folder `db`. One that cannot be read is only
    // reported where the database says that it is Subversion's.
    if (is_missing(top.error()) || !directory.read_file("db/fs-type", kSmall)) return {};
    return cannot_read(directory, top.error(), "format");
  }
  const std::optional<std::uint64_t> version = format_number(*top);
  if (version != 3 && version != 5) {
    // Somebody else's file `format`, but for the database beside it.
    const Result<std::string> type = directory.read_file("db/fs-type", kSmall);
    if (!type || !is_known(first_line(*type))) return {};
    return broken("format", 0, "svn repository whose format is neither 3 nor 5");
  }

  const Result<Metadata> db = directory.stat_entry("db");
  if (!db) return is_missing(db.error()) ? ProbeResult() : cannot_read(directory, db.error(), "db");
  if (db->type != EntryType::kDirectory) return cannot_read(directory, {"", "", ENOTDIR, ""}, "db");

  std::string fs_type;
  const Result<std::string> type = directory.read_file("db/fs-type", kSmall);
  if (type) {
    fs_type = first_line(*type);
  } else if (is_missing(type.error()) && directory.stat_entry("db/DB_CONFIG")) {
    fs_type = "bdb";
  } else {
    return cannot_read(directory, type.error(), "db/fs-type");
  }
  if (!is_known(fs_type)) {
    return broken("db/fs-type", 0, "svn repository of unknown type " + fs_type);
  }

  std::uint64_t format = 1;
  const Result<std::string> format_text = directory.read_file("db/format", kSmall);
  if (!format_text && !is_missing(format_text.error())) {
    return cannot_read(directory, format_text.error(), "db/format");
  }
  if (format_text) {
    const std::optional<std::uint64_t> number = leading_number(*format_text);
    if (!number) return broken("db/format", 0, "svn repository whose db/format holds no number");
    format = *number;
  }

  if (fs_type == "bdb") return {Detail{{"fs_type", fs_type}, {"format", format}}, std::nullopt};

  std::string uuid;
  std::string current;
  if (auto bad = must_read(directory, "db/uuid", uuid)) return *bad;
  if (auto bad = must_read(directory, "db/current", current)) return *bad;
  const std::optional<std::uint64_t> revision = leading_number(current);
  if (!revision)
    return broken("db/current", 0, "svn repository whose db/current holds no revision");
  if (!is_utf8(uuid)) return broken("db/uuid", 0, "svn repository whose db/uuid is no text");
  return {Detail{{"uuid", first_line(uuid)},
                 {"fs_type", fs_type},
                 {"format", format},
                 {"revision", *revision}},
          std::nullopt};
}

}  // namespace repo
