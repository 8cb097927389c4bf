// The report as a mail: subject, text, and HTML that mail programs show. Pure.
#pragma once

#include <string>

#include "reporter/report.h"

namespace repo {

// "FAILED web1: 3 of 214 items FAILED", cut where it is long.
std::string mail_subject_of(const Report& report);

// Without scripts and style sheets, which mail programs take away.
std::string mail_html_of(const Report& report);

}  // namespace repo
