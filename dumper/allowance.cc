#include "dumper/allowance.h"

#include <algorithm>

namespace repo {
namespace {

Room smaller(const Room& a, const Room& b) {
  return {std::min(a.bytes, b.bytes), std::min(a.entries, b.entries)};
}

Room minus(const Room& a, const Room& b) {
  return {a.bytes - std::min(a.bytes, b.bytes), a.entries - std::min(a.entries, b.entries)};
}

bool is_none(const Room& room) { return room.bytes == 0 && room.entries == 0; }

Room slack_for(const Room& promised) {
  constexpr std::uint64_t kBytes = std::uint64_t{64} << 20;
  constexpr std::uint64_t kEntries = 1000;
  return {kBytes + promised.bytes / 8, kEntries + promised.entries / 8};
}

}  // namespace

void SharedRoom::promise(const Room& room) {
  const std::lock_guard lock(mutex_);
  owed_.bytes += room.bytes;
  owed_.entries += room.entries;
}

void SharedRoom::take_back(const Room& promised) {
  const std::lock_guard lock(mutex_);
  owed_ = minus(owed_, promised);
}

bool SharedRoom::use(const Room& promised, const Room& beyond) {
  const std::lock_guard lock(mutex_);
  owed_ = minus(owed_, promised);
  if (is_none(beyond)) return true;
  const Room free = minus(ask_(), owed_);
  return beyond.bytes <= free.bytes && beyond.entries <= free.entries;
}

Allowance::Allowance(SharedRoom& shared, const Room& promised)
    : shared_(shared), promised_(promised), left_(promised), slack_(slack_for(promised)) {
  shared_.promise(promised);
}

Allowance::~Allowance() { shared_.take_back(left_); }

bool Allowance::take(const Room& room) {
  const Room promised = smaller(room, left_);
  left_ = minus(left_, promised);
  const Room more = minus(room, promised);
  const Room tolerated = smaller(more, slack_);
  slack_ = minus(slack_, tolerated);
  return shared_.use(promised, minus(more, tolerated));
}

void Allowance::start_anew() {
  shared_.promise(minus(promised_, left_));
  left_ = promised_;
  slack_ = slack_for(promised_);
}

}  // namespace repo
