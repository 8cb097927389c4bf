#include "restorer/drill.h"
#include "restorer/user_drill.h"

namespace repo {

Room Drill::room(const GenerationSummary& record) const {
  constexpr std::uint64_t kSlack = std::uint64_t{8} << 20;
  const Totals& totals = record.totals;
  return {2 * totals.bytes + kSlack, 2 * (totals.files + totals.directories)};
}

Drills::Drills(const std::vector<UserKind>& user_kinds) {
  of_kind_["svn"] = make_svn_drill();
  of_kind_["hg"] = make_hg_drill();
  of_kind_["git"] = make_git_drill();
  of_kind_["postgres"] = make_postgres_drill();
  for (const UserKind& kind : user_kinds) of_kind_[kind.name] = make_user_drill(kind);
}

Drills::~Drills() = default;

const Drill* Drills::find(const std::string& kind) const {
  const auto found = of_kind_.find(kind);
  return found == of_kind_.end() ? nullptr : found->second.get();
}

}  // namespace repo
