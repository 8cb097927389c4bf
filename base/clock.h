// Wall-clock times as the documents write them. Deadlines use std::chrono::steady_clock instead.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace repo {

// Whole seconds, UTC.
using UtcTime = std::chrono::sys_seconds;

UtcTime utc_now();

std::string rfc3339(UtcTime time);                            // 2026-01-31T23:59:59Z
std::optional<UtcTime> parse_rfc3339(std::string_view text);  // of that form alone

// Sorts by time as text; a safe file name: 20260131T235959Z.
std::string stamp(UtcTime time);
std::optional<UtcTime> parse_stamp(std::string_view text);

// "5 minutes", "7 days": rounded down; what is still to come is "0 seconds".
std::string age_text(UtcTime from, UtcTime now);
std::string duration_text(std::chrono::seconds length);

// A number with s, m, h or d: "90s", "10m", "6h", "7d". Nothing where it is anything else.
std::optional<std::chrono::seconds> parse_duration(std::string_view text);

}  // namespace repo
