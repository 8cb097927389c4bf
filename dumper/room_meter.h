// Takes room for what a tool writes, which tells nobody: the folder is measured again and again.
#pragma once

#include "dumper/allowance.h"

namespace repo {

class RoomMeter {
 public:
  // `folder` is open while the object lives; `room` null: no limit.
  RoomMeter(int folder, Allowance* room) : folder_(folder), room_(room) {}

  // What came since the last call is taken; false where the item may not have so much
  // (Patience::has_room).
  bool take();

 private:
  const int folder_;
  Allowance* const room_;
  Room taken_;
};

}  // namespace repo
