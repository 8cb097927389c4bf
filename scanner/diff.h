// What is different between two scans, from their manifests. Pure.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "scanner/manifest.h"

namespace repo {

enum class Difference {
  kNew,       // not in the older manifest
  kGone,      // not found, by a scan that would have found it
  kMoved,     // gone from `from`, new at `path`: the same repository
  kChanged,   // of kind `was`, alone of its kind there; now of `kind`
  kReplaced,  // of the same kind, and another repository
  kUnknown,   // not found, by a scan that may have missed it: `why`
};

// In the order in which they are counted and listed.
struct DifferenceWord {
  Difference what;
  const char* word;     // at the head of a line, and a key of the document
  const char* counted;  // behind a number
};
inline constexpr std::array<DifferenceWord, 6> kDifferenceWords = {{
    {Difference::kNew, "new", "new"},
    {Difference::kGone, "gone", "gone"},
    {Difference::kMoved, "moved", "moved"},
    {Difference::kChanged, "changed", "changed in kind"},
    {Difference::kReplaced, "replaced", "replaced"},
    {Difference::kUnknown, "unknown", "unknown"},
}};

struct DifferenceItem {
  Difference what = Difference::kNew;
  std::string kind;
  std::string path;
  std::string from{};  // kMoved: its path in the older manifest
  std::string was{};   // kChanged: its kind there
  std::string why{};   // kUnknown; may hold raw bytes
};

// A repository is known by its kind and path. The same one elsewhere is one of the same kind that
// - has the same device and inode, on the same host, and was not made after the older scan, or
// - has the same identity: svn's uuid, hg's first changeset, a cluster's system identifier.
// Of copies and clones, which share an identity, one that is gone and one that is new make a pair,
// each at most once: by inode first, then in the order of paths. Two identities that are known and
// differ are never the same repository: inode numbers are used again. (git says nothing of itself
// that is cheap to read: there only the inode and its birth tell.) A replaced one is gone from its
// path, and what replaced it is new, for both may have another place.
//
// Nothing is gone where `now` is not complete; nor outside its roots, in what it did not enter, of
// kinds that it did not look for.
//
// Sorted by raw path, one that moved by the path that it had; then by kind.
std::vector<DifferenceItem> compare(const Manifest& older, const Manifest& now);

}  // namespace repo
