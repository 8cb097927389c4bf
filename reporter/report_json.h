// The report as a document: docs/schemas/report.schema.json. Pure.
#pragma once

#include <string>

#include "reporter/report.h"

namespace repo {

std::string report_json(const Report& report);

}  // namespace repo
