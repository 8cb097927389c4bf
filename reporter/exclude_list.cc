#include "reporter/exclude_list.h"

#include <algorithm>

#include "base/bytes_path.h"
#include "reporter/exclude_quoting.h"

namespace repo {
namespace {

constexpr std::string_view kMark = "# repo-backup: paths to exclude, for ";

char end_of_entry(ExcludeDialect dialect) {
  const bool nul = dialect == ExcludeDialect::kRdiffBackup || dialect == ExcludeDialect::kRsync;
  return nul ? '\0' : '\n';
}

// The dialects whose lists are not plain ones begin with a comment that names them, which their
// tools skip. rdiff-backup and tar know no comments, and need none: their lists are plain.
bool is_marked(ExcludeDialect dialect) {
  return dialect != ExcludeDialect::kRdiffBackup && dialect != ExcludeDialect::kTar;
}

// What the mark at the beginning of `text` says; taken off. Nothing: there is none.
std::optional<ExcludeDialect> take_mark(std::string_view& text) {
  for (const ExcludeDialect dialect : kExcludeDialects) {
    const std::string mark =
        std::string(kMark) + std::string(name_of(dialect)) + end_of_entry(dialect);
    if (!is_marked(dialect) || !text.starts_with(mark)) continue;
    text.remove_prefix(mark.size());
    return dialect;
  }
  return std::nullopt;
}

std::optional<std::string> plain_path(std::string_view entry) {
  if (entry.size() > 1 && entry.ends_with('/')) entry.remove_suffix(1);
  return std::string(entry);
}

}  // namespace

std::string_view name_of(ExcludeDialect dialect) {
  switch (dialect) {
    case ExcludeDialect::kRestic:
      return "restic";
    case ExcludeDialect::kBorg:
      return "borg";
    case ExcludeDialect::kRdiffBackup:
      return "rdiff-backup";
    case ExcludeDialect::kRsync:
      return "rsync";
    case ExcludeDialect::kTar:
      return "tar";
  }
  return "";
}

std::optional<ExcludeDialect> parse_exclude_dialect(std::string_view name) {
  for (const ExcludeDialect dialect : kExcludeDialects) {
    if (name_of(dialect) == name) return dialect;
  }
  return std::nullopt;
}

ExcludeList make_exclude_list(ExcludeDialect dialect, const std::vector<std::string>& paths) {
  ExcludeList list;
  if (is_marked(dialect)) {
    list.bytes.append(kMark).append(name_of(dialect)) += end_of_entry(dialect);
  }
  for (const std::string& path : paths) {
    std::optional<std::string> entry;
    if (is_canonical_path(path) && path != "/") entry = exclude_entry(dialect, path);
    if (entry) {
      list.bytes.append(*entry) += end_of_entry(dialect);
    } else {
      list.inexpressible.push_back(path);
    }
  }
  return list;
}

Result<std::vector<std::string>> read_exclude_list(std::string_view text) {
  const auto dialect = take_mark(text);
  const bool nul = text.find('\0') != std::string_view::npos;
  const char end = dialect ? end_of_entry(*dialect) : nul ? '\0' : '\n';
  std::vector<std::string> paths;
  while (!text.empty()) {
    const std::string_view entry = text.substr(0, text.find(end));
    text.remove_prefix(std::min(entry.size() + 1, text.size()));
    if (entry.empty()) continue;
    const auto path = dialect ? excluded_path(*dialect, entry) : plain_path(entry);
    if (!path || !is_canonical_path(*path)) {
      return plain_error("read", std::string(entry),
                         dialect ? "no entry of a list for " + std::string(name_of(*dialect))
                                 : "not the absolute path of one file or directory");
    }
    paths.push_back(*path);
  }
  return paths;
}

}  // namespace repo
