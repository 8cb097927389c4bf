// What repo-report does, from its options to its exit status.
#pragma once

#include <cstdio>

#include "reporter/options.h"

namespace repo {

int run_report(const ReportOptions& options, std::FILE* out, std::FILE* err);

}  // namespace repo
