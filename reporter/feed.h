// The report as an RSS 2.0 feed: an item for each run, and one for each change of state. Pure.
//
// Source: "RSS 2.0 Specification", RSS Advisory Board; dates are those of RFC 822 with four
// digits of a year, as mails have them.
#pragma once

#include <string>
#include <vector>

#include "reporter/report.h"
#include "reporter/told.h"

namespace repo {

inline constexpr std::size_t kFeedRuns = 60;

// From new to old. The guid of an item stays what it is, so that a reader sees it once.
// `link`: where people read more; empty: the dump root as a file URL.
std::string feed_of(const Report& report, const std::vector<StateChange>& changes,
                    const std::string& link);

}  // namespace repo
