// A difference as people and programs read it. Pure.
#pragma once

#include <string>
#include <vector>

#include "scanner/diff.h"
#include "scanner/manifest.h"

namespace repo {

inline constexpr const char* kDiffFormat = "repo-backup/diff";
inline constexpr int kDiffVersion = 1;

// A line for each, in their order, made harmless for a terminal:
//   new      svn  /srv/a
//   moved    git  /srv/c -> /srv/d
//   changed  svn -> git  /srv/e
//   unknown  git  /srv/f (outside the roots)
std::string difference_text(const std::vector<DifferenceItem>& items);

// How many of each, since when, and what of `older` makes them doubtful: one line without the
// tool's name.
std::string difference_summary(const Manifest& older, const Manifest& now,
                               const std::vector<DifferenceItem>& items);

// The document, with a newline at its end. Schema: docs/schemas/diff.schema.json. `tool` as in a
// manifest.
std::string difference_json(const std::string& tool, const Manifest& older, const Manifest& now,
                            const std::vector<DifferenceItem>& items);

}  // namespace repo
