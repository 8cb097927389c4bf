// The second look at a directory that a walk has listed: what of it is a repository, a pointer, an
// error, and what of it is not entered.
#pragma once

#include <set>
#include <string>

#include "scanner/findings.h"
#include "scanner/kinds.h"
#include "scanner/probe.h"
#include "scanner/walk_node.h"

namespace repo {

// Threads    Any number may call examine(), each with a node of its own.
class Examiner {
 public:
  // `wanted`: the kinds whose repositories are findings; empty: all. All of it must outlive this.
  Examiner(const Kinds& kinds, const std::set<std::string>& wanted, Findings& findings)
      : kinds_(kinds), wanted_(wanted), findings_(findings) {}

  // Adds to the findings what `node` is, and takes from its children those that are not entered.
  // False where nothing below is to be entered.
  bool examine(WalkNode& node, const Noticed& noticed) const;

 private:
  void examine_built_in(WalkNode& node, const Signature& signature) const;
  // False where nothing below is to be entered.
  bool examine_user(WalkNode& node, const UserKind& kind) const;
  void found(const WalkNode& node, const std::string& kind, const std::string& inside,
             const ProbeResult& probe) const;
  void found_repository(const WalkNode& node, const std::string& kind, const std::string& inside,
                        const Detail& detail) const;
  bool is_wanted(const std::string& kind) const {
    return wanted_.empty() || wanted_.contains(kind);
  }

  const Kinds& kinds_;
  const std::set<std::string>& wanted_;
  Findings& findings_;
};

// modules/ of a git directory, and that of a linked worktree: worktrees/NAME/modules/.
bool is_in_git_modules(const WalkNode& parent, std::string_view name);

}  // namespace repo
