// Folders that hold what a tool has fetched and would fetch again: caches, plugins, package
// managers' clones. Repositories in them are only listed, unless default-list = false.
//
// Conservative: no folder stands here in which people keep work of their own.
#pragma once

#include <span>
#include <string_view>

namespace repo {

struct DefaultRule {
  std::string_view folder;  // one or more components
  bool itself_only;         // and not what lies below it
  std::string_view holds;   // "throw-away clones of cargo"
};

std::span<const DefaultRule> default_rules();

// Whether `path` has the folder's components one after the other; with itself_only, at its end.
bool applies(const DefaultRule& rule, std::string_view path);

}  // namespace repo
