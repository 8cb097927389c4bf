#include "restorer/drill.h"
#include "restorer/user_drill.h"

namespace repo {

Drills::Drills(const std::vector<UserKind>& user_kinds) {
  of_kind_["svn"] = make_svn_drill();
  of_kind_["hg"] = make_hg_drill();
  of_kind_["git"] = make_git_drill();
  for (const UserKind& kind : user_kinds) of_kind_[kind.name] = make_user_drill(kind);
}

Drills::~Drills() = default;

const Drill* Drills::find(const std::string& kind) const {
  const auto found = of_kind_.find(kind);
  return found == of_kind_.end() ? nullptr : found->second.get();
}

}  // namespace repo
