// Command lines of repo-report, parsed.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>

#include "reporter/options.h"

namespace repo::test {

using Parsed = std::variant<ReportOptions, OptionsMessage>;

inline Parsed parse(std::vector<const char*> arguments,
                    const std::string& config = "/nonexistent/config.toml") {
  arguments.insert(arguments.begin(), "repo-report");
  return parse_report_options(static_cast<int>(arguments.size()), arguments.data(), config);
}
inline ReportOptions taken(const Parsed& parsed) {
  if (const auto* message = std::get_if<OptionsMessage>(&parsed)) {
    ADD_FAILURE() << message->text;
    return {};
  }
  return std::get<ReportOptions>(parsed);
}
inline ReportOptions must_parse(const std::vector<const char*>& arguments) {
  return taken(parse(arguments));
}

}  // namespace repo::test
