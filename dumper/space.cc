#include "dumper/space.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace repo {

std::uint64_t bytes_needed(const std::vector<SpaceNeed>& items, int jobs) {
  std::uint64_t stays = 0;
  std::vector<std::uint64_t> passing;
  for (const SpaceNeed& item : items) {
    const std::uint64_t given_back = std::min(item.bytes, item.freed);
    stays += item.bytes - given_back;
    passing.push_back(given_back);
  }
  std::sort(passing.rbegin(), passing.rend());
  passing.resize(std::min(passing.size(), static_cast<std::size_t>(std::max(jobs, 1))));
  for (const std::uint64_t each : passing) stays += each;
  return stays;
}

std::string human_bytes(std::uint64_t bytes) {
  constexpr std::array kUnits = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  constexpr double kStep = 1024;
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= kStep && unit + 1 < kUnits.size()) {
    value /= kStep;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

}  // namespace repo
