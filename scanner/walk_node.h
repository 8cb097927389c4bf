// A directory that a walk has listed, and whose subdirectories wait.
//
// Threads    Built by one; then `unopened` and the directory's open_directory and is_leaf are used
//            by several. Whoever takes the last child may close `directory`.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "scanner/fs.h"
#include "scanner/kinds.h"
#include "scanner/walk_map.h"

namespace repo {

struct WalkNode {
  std::shared_ptr<WalkNode> parent;  // null for a root
  std::string name;                  // of a root: its path
  const WalkMap::Node* map = nullptr;
  bool mount = false;        // a mount point: opened with leave to cross
  bool only_mounts = false;  // in the layers of a container engine: only the way to mounts is taken
  KindScope scope;           // which kinds of users are looked for
  bool git_store = false;
  bool has_dot_git = false;  // its .git is a git directory: that was probed from here
  bool in_git_modules = false;

  std::unique_ptr<Directory> directory;  // null while closed for want of descriptors
  std::atomic<std::uint32_t> unopened{0};
  std::string names;  // of the subdirectories, each with its NUL
  std::vector<std::uint32_t> offsets;

  WalkNode() = default;
  WalkNode(const WalkNode&) = delete;
  WalkNode& operator=(const WalkNode&) = delete;
  ~WalkNode();  // of a chain of ten thousand parents: without ten thousand nested calls

  void add_child(std::string_view child) {
    offsets.push_back(static_cast<std::uint32_t>(names.size()));
    names.append(child);
    names += '\0';
  }
  const char* child(std::size_t i) const { return names.data() + offsets[i]; }
};

std::string path_of(const WalkNode& node);

// A subdirectory of `parent`: relative to it, or, where it was closed for want of descriptors, from
// the root (which stays open), in pieces that fit openat2's limit.
Result<std::unique_ptr<Directory>> open_child(const WalkNode& parent, const std::string& name,
                                              bool mount);

}  // namespace repo
