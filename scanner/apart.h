// Work that may wait for ever, done where it can be left: in child processes. A thread that waits
// for a server that is gone cannot be killed, and a process is not over before its threads are.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

namespace repo {

// Says that the work goes on; may be called as often as one likes, from any thread.
using SignOfLife = std::function<void()>;

struct ApartTask {
  // Runs in a child, with the memory as it is at the time of the call. What it returns is what the
  // caller gets. An exception ends the child.
  std::function<std::string(const SignOfLife& alive)> work;
};

// Runs each task in a child of its own, several at once, and waits for all of them. In their order:
// what the work returned; ETIMEDOUT where for `patience` neither a sign of life nor a result came
// (the child is killed, and left to the kernel where it cannot be); EINTR where a stop was
// requested; ECHILD where it ended without a result.
//
// Must be called while no other thread runs. The children end with this process.
std::vector<Result<std::string>> run_apart(const std::vector<ApartTask>& tasks,
                                           std::chrono::seconds patience);

}  // namespace repo
