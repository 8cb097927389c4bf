#include "dumper/hand_over.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "dumper/tree.h"

namespace repo {
namespace {

class HandOver final : public TreeVisitor {
 public:
  explicit HandOver(std::uint32_t user) : user_(user) {}

  Result<Descend> enter(const TreeEntry& entry, int parent, const std::string& name) override {
    const int done = entry.path.empty()
                         ? fchown(parent, user_, user_)
                         : fchownat(parent, name.c_str(), user_, user_, AT_SYMLINK_NOFOLLOW);
    if (done != 0) return system_error("change the owner", entry.path, errno);
    return Descend::kYes;
  }
  Status leave(const TreeEntry&, int) override { return {}; }

 private:
  const std::uint32_t user_;
};

}  // namespace

Status hand_over(int directory, std::uint32_t user, const Patience& patience) {
  if (geteuid() != 0) return {};
  HandOver visitor(user);
  return walk_tree({directory, std::nullopt}, visitor, patience);
}

}  // namespace repo
