// What a file-level backup may leave out, as the file that its tool takes.
//
// An entry matches its path and what lies below it, and never anything else; a path for which the
// dialect has no such entry is left out of the list, so that it stays in the backup. Measured with
// restic 0.14, borg 1.2.4, rdiff-backup 2.2.2, rsync 3.5 and tar 1.34. The files are for
//
//   restic        restic backup --exclude-file=FILE /
//   borg          borg create --exclude-from FILE REPOSITORY::ARCHIVE /
//   rdiff-backup  rdiff-backup --null-separator backup --exclude-filelist FILE / TARGET
//   rsync         rsync --from0 --exclude-from=FILE -aR / TARGET
//   tar           tar --create --anchored --no-wildcards --exclude-from=FILE /
//
// in the locale C or one of UTF-8, with roots that are absolute ("/" or folders below it): not for
// `rsync /srv/`, which counts from /srv, nor for `tar -C /`, which sees "./srv".
//
// Left out, whatever the dialect: "/" and what is not canonical. Also, for tar: a newline anywhere,
// or a blank at the end; for rsync and restic: entries longer than the tool's limit of a line.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace repo {

enum class ExcludeDialect { kRestic, kBorg, kRdiffBackup, kRsync, kTar };

inline constexpr ExcludeDialect kExcludeDialects[] = {
    ExcludeDialect::kRestic, ExcludeDialect::kBorg, ExcludeDialect::kRdiffBackup,
    ExcludeDialect::kRsync, ExcludeDialect::kTar};

// "restic", "borg", "rdiff-backup", "rsync", "tar".
std::string_view name_of(ExcludeDialect dialect);
std::optional<ExcludeDialect> parse_exclude_dialect(std::string_view name);

struct ExcludeList {
  std::string bytes;                       // the file
  std::vector<std::string> inexpressible;  // of the paths, in their order; not in `bytes`
};

// `paths` are raw bytes, absolute and canonical. The entries are in their order.
ExcludeList make_exclude_list(ExcludeDialect dialect, const std::vector<std::string>& paths);

// The paths of a list that make_exclude_list() has made for any dialect, or of a plain one:
// absolute paths, each with a newline at its end, or with a NUL where the text has one. What is
// between two ends and is empty is ignored, and so is a slash at the end of a path. Plain lists
// know no comments and no escapes, so that a pattern in a list which somebody wrote for a tool is
// taken as a path. The error names the first entry that is none: one that is relative, not
// canonical, or not as make_exclude_list() writes it.
Result<std::vector<std::string>> read_exclude_list(std::string_view text);

}  // namespace repo
