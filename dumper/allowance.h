// How much of the target an item may take: what the look at its source promised, and beyond that
// what no other item was promised. So a source that grows, or borrows objects, cannot take the room
// that the others need.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>

#include "dumper/space.h"

namespace repo {

// The room that all items of a run share. Threads: any.
class SharedRoom {
 public:
  // `ask` says what is free now; it is asked only for what was promised to nobody.
  explicit SharedRoom(std::function<Room()> ask) : ask_(std::move(ask)) {}

  void promise(const Room& room);
  void take_back(const Room& promised);
  // `promised` of what was promised is used up; `beyond` is wanted besides. False where that is not
  // free for all.
  bool use(const Room& promised, const Room& beyond);

 private:
  const std::function<Room()> ask_;
  std::mutex mutex_;
  Room owed_;  // promised and not used up
};

// One item's part of it, from the beginning of the run (the promise) to the item's end. Threads:
// one at a time.
class Allowance {
 public:
  // What is promised may be exceeded by an eighth and a little: repositories grow.
  Allowance(SharedRoom& shared, const Room& promised);
  Allowance(const Allowance&) = delete;
  Allowance& operator=(const Allowance&) = delete;
  ~Allowance();

  // False where the item may not take so much more.
  bool take(const Room& room);
  // What was taken was removed again.
  void start_anew();

 private:
  SharedRoom& shared_;
  const Room promised_;
  Room left_;   // of promised_
  Room slack_;  // what is left of what may be exceeded
};

}  // namespace repo
