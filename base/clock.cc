#include "base/clock.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/number.h"
#include "base/text.h"

namespace repo {
namespace {

std::tm broken_down(UtcTime time) { return fmt::gmtime(time.time_since_epoch().count()); }

}  // namespace

UtcTime utc_now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

std::string rfc3339(UtcTime time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", broken_down(time));
}

std::string stamp(UtcTime time) { return fmt::format("{:%Y%m%dT%H%M%SZ}", broken_down(time)); }

std::optional<UtcTime> parse_stamp(std::string_view text) {
  using namespace std::chrono;
  if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return std::nullopt;
  auto number = [&](std::size_t at, std::size_t length) {
    return to_number<int>(text.substr(at, length)).value_or(-1);
  };
  const year_month_day date{year(number(0, 4)), month(static_cast<unsigned>(number(4, 2))),
                            day(static_cast<unsigned>(number(6, 2)))};
  const UtcTime time =
      sys_days(date) + hours(number(9, 2)) + minutes(number(11, 2)) + seconds(number(13, 2));
  if (!date.ok() || stamp(time) != text) return std::nullopt;
  return time;
}

std::optional<UtcTime> parse_rfc3339(std::string_view text) {
  std::string compact(text);
  std::erase_if(compact, [](char c) { return c == '-' || c == ':'; });
  const std::optional<UtcTime> time = parse_stamp(compact);
  return time && rfc3339(*time) == text ? time : std::nullopt;
}

std::optional<std::chrono::seconds> parse_duration(std::string_view text) {
  if (text.size() < 2) return std::nullopt;
  std::int64_t unit = 0;
  switch (text.back()) {
    case 's':
      unit = 1;
      break;
    case 'm':
      unit = 60;
      break;
    case 'h':
      unit = 3600;
      break;
    case 'd':
      unit = 86400;
      break;
    default:
      return std::nullopt;
  }
  const auto count = to_number<std::int64_t>(text.substr(0, text.size() - 1));
  constexpr std::int64_t kLongest = 36500;  // days
  if (!count || *count < 0 || *count > kLongest * 86400 / unit) return std::nullopt;
  return std::chrono::seconds(*count * unit);
}

std::string duration_text(std::chrono::seconds length) {
  constexpr std::pair<const char*, std::int64_t> kUnits[] = {
      {"day", 86400}, {"hour", 3600}, {"minute", 60}, {"second", 1}};
  for (const auto& [unit, seconds] : kUnits) {
    // "36 hours" says more than "1 day".
    if (length.count() < (seconds == 1 ? 0 : 2 * seconds) && length.count() != seconds) continue;
    return counted(static_cast<std::size_t>(length.count() / seconds), unit);
  }
  return counted(0, "second");
}

std::string age_text(UtcTime from, UtcTime now) {
  return duration_text(std::max(now - from, std::chrono::seconds(0)));
}

}  // namespace repo
