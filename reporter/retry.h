// Trying again what may pass: a server that is down for a moment, a timeout, "try later".
//
// Once a stop is requested, nothing is tried or waited for any more. Blocks for the tries and the
// waits between them.
#pragma once

#include <chrono>
#include <functional>
#include <vector>

#include "reporter/delivery.h"

namespace repo {

// One wait before each try after the first; none: one try.
using Waits = std::vector<std::chrono::milliseconds>;
inline const Waits kUsualWaits = {std::chrono::seconds(1), std::chrono::seconds(5)};

struct Attempt {
  Delivery delivery;
  bool may_pass = false;  // an error that another try may not meet
};

// The first success, the first error that will not pass, or the last error, which then says how
// many tries there were.
Delivery try_again(const Waits& waits, const std::function<Attempt()>& attempt);

}  // namespace repo
