// The second look at a directory whose names match a signature: is it a repository, and what does
// it say of itself? Reads a few small files through the directory's descriptor, runs no tool,
// follows no link, changes nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "scanner/fs.h"
#include "scanner/repository.h"

namespace repo {

// Where a pointer leads.
struct Target {
  std::string path;  // absolute, or relative to the directory that was probed; not followed
  std::string why;   // "share", "linked worktree" …
};

// A directory of the kind that is no item: it is listed as pruned.
struct Aside {
  std::string why;       // "base backup of …", "standby …"
  bool notable = false;  // told to people as "not looked at"
};

// One of five outcomes:
//   repository    detail is set; `target` too where it uses what lies in another
//   pointer       target alone is set: the repository is elsewhere
//   broken        error is set: it is one of its kind but lacks or hides what the kind must have,
//                 or could not be read; it must not vanish from a backup in silence. The error's
//                 path is relative to the directory.
//   aside         that alone is set: nothing to copy by itself, and not to vanish in silence
//   something else   nothing is set
struct ProbeResult {
  std::optional<Detail> detail = std::nullopt;
  std::optional<Error> error = std::nullopt;
  std::optional<Target> target = std::nullopt;
  std::optional<Aside> aside = std::nullopt;

  // Of the kind, whatever it is of it.
  bool is_one() const { return detail || error || target || aside; }
};

ProbeResult probe_svn(const Directory& directory);
ProbeResult probe_hg(const Directory& directory);
// `inside` is ".git", or empty for a git directory itself.
ProbeResult probe_git(const Directory& directory, std::string_view inside);

// A PostgreSQL data directory. A base backup, a standby and what pg_upgrade left are `aside`.
ProbeResult probe_postgres(const Directory& directory);

// By the kind's name and what is copied of it (Signature::inside); nothing where the table of
// signatures has no such row.
std::optional<ProbeResult> probe_kind(std::string_view kind, std::string_view inside,
                                      const Directory& directory);

// Signature::inside of a repository: nothing where its store is not what its kind has there.
std::optional<std::string> store_inside(const Repository& repository);

// For probes: the outcome "broken", with op "probe".
ProbeResult broken(std::string path, int code, std::string message);

}  // namespace repo
