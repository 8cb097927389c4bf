// The report as a page for people: one file without anything from elsewhere, in any browser, on a
// phone, on paper. Without scripts it shows all that it has; with them its table sorts and filters.
// Pure.
#pragma once

#include <string>

#include "reporter/report.h"

namespace repo {

std::string html_of(const Report& report);

}  // namespace repo
