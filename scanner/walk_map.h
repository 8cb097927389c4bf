// Where a walk may go: decided before it starts, from the mount table and the options, for every
// mount point and every root. A pure function; the walker only looks it up.
//
// The map is a tree of path components that holds only the paths that matter, so a directory that
// has nothing of interest below it costs one null pointer.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "scanner/mounts.h"

namespace repo {

struct WalkMapOptions {
  std::vector<std::string> roots;  // canonical; sorted, no duplicates
  bool one_file_system = false;
  bool network = false;            // enter network file systems
  std::set<std::string> fs_types;  // enter these types whatever they are
  std::vector<std::string> excludes;
  bool layers = false;  // enter folders that an overlay mount shows
};

class WalkMap {
 public:
  enum class Action {
    kPlain,    // an ordinary directory on the way to something
    kEnter,    // a mount that is entered
    kPrune,    // not entered; `why` says why
    kOwnRoot,  // a root of its own, walked from there
  };
  struct Node {
    Action action = Action::kPlain;
    std::string why;
    bool notable = false;
    bool layer = false;     // of an overlay mount, and pruned
    bool may_hang = false;  // a mount that is not sure to answer
    std::map<std::string, std::unique_ptr<Node>, std::less<>> children;

    const Node* child(std::string_view name) const;
    // Whether all mounts below are sure to answer, and whether one at it is, too.
    bool is_sure_below() const;
    bool is_sure() const { return !may_hang && is_sure_below(); }
  };
  // What is walked from its own path. Where it `may_hang`, by a process that can be left.
  struct Root {
    std::string path;
    std::string fs_type;
    bool may_hang = false;
  };

  // Rules, in this order:
  // - a root is always entered, whatever it lies on;
  // - a mount below a root is pruned with --one-file-system, for its type (mounts.h), or as a
  //   read-only snapshot (snapshots.h);
  // - one that is entered and may hang is a root of its own, and so is one below an automounter,
  //   which is not looked into itself;
  // - the folders in which an overlay mount that is entered keeps what was written to it are
  //   pruned, unless there are other mounts in them or on it;
  // - a mount that shows what the walk reaches elsewhere too (a bind mount, the same device
  //   mounted twice) is pruned: every directory is entered once. What lies below a pruned mount or
  //   is excluded is not reached.
  WalkMap(const std::vector<Mount>& mounts, const WalkMapOptions& options);

  const Node* find(std::string_view path) const;
  // Those of the options, and those that came to them; sorted.
  const std::vector<Root>& roots() const { return roots_; }

 private:
  Node& node_at(std::string_view path);
  void prune_snapshot_folders(const std::vector<Mount>& mounts,
                              const std::vector<std::string>& roots);
  void prune_layers(const std::vector<const Mount*>& entered);

  Node top_;
  std::vector<Root> roots_;
};

// --exclude: fnmatch(3) on the whole path; without '/' in the pattern on any one component.
bool is_excluded(const std::vector<std::string>& patterns, std::string_view path);

}  // namespace repo
