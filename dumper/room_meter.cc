#include "dumper/room_meter.h"

#include "dumper/tree.h"

namespace repo {
namespace {

class Sum final : public TreeVisitor {
 public:
  Room room;
  Result<Descend> enter(const TreeEntry& entry, int, const std::string&) override {
    constexpr std::uint64_t kBlock = 512;
    room.bytes += static_cast<std::uint64_t>(entry.st.st_blocks) * kBlock;
    ++room.entries;
    return Descend::kYes;
  }
  Status leave(const TreeEntry&, int) override { return {}; }
};

}  // namespace

bool RoomMeter::take() {
  if (!room_) return true;
  Sum sum;
  // What cannot be looked at now is counted the next time.
  static_cast<void>(walk_tree({folder_, std::nullopt}, sum, kNoLimit));
  const Room more = {sum.room.bytes - std::min(sum.room.bytes, taken_.bytes),
                     sum.room.entries - std::min(sum.room.entries, taken_.entries)};
  if (more.bytes == 0 && more.entries == 0) return true;
  taken_.bytes += more.bytes;
  taken_.entries += more.entries;
  return room_->take(more);
}

}  // namespace repo
