#include <map>

#include "restorer/drill.h"

namespace repo {

const Drill* find_drill(const std::string& kind) {
  static const std::map<std::string, std::unique_ptr<Drill>> drills = [] {
    std::map<std::string, std::unique_ptr<Drill>> table;
    table["svn"] = make_svn_drill();
    table["hg"] = make_hg_drill();
    table["git"] = make_git_drill();
    return table;
  }();
  const auto found = drills.find(kind);
  return found == drills.end() ? nullptr : found->second.get();
}

}  // namespace repo
