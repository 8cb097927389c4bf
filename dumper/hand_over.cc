#include "dumper/hand_over.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "dumper/tree.h"

namespace repo {
namespace {

class HandOver final : public TreeVisitor {
 public:
  explicit HandOver(const NewOwner& to) : to_(to) {}

  Result<Descend> enter(const TreeEntry& entry, int parent, const std::string& name) override {
    const int done = entry.path.empty()
                         ? fchown(parent, to_.uid, to_.gid)
                         : fchownat(parent, name.c_str(), to_.uid, to_.gid, AT_SYMLINK_NOFOLLOW);
    if (done != 0) return system_error("change the owner", entry.path, errno);
    return Descend::kYes;
  }
  Status leave(const TreeEntry&, int) override { return {}; }

 private:
  const NewOwner to_;
};

}  // namespace

Status hand_over(int directory, const NewOwner& to, const Patience& patience) {
  if (geteuid() != 0) return {};
  HandOver visitor(to);
  return walk_tree({directory, std::nullopt}, visitor, patience);
}

}  // namespace repo
