// The pieces that the parts of the page are made of, and the parts themselves. All give text that
// is HTML and XML at once: every element closed, every attribute quoted. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reporter/report.h"

namespace repo {

// Raw bytes, harmless: printable(), then escaped.
std::string shown(std::string_view bytes);

// A path, kept apart from the text around it, whichever way it is written.
std::string path_html(std::string_view bytes);

// "3 hours ago" with the exact time in UTC, or `never`.
std::string ago_html(const std::optional<UtcTime>& time, UtcTime now, const char* never);
// The exact time as text.
std::string time_html(UtcTime time);

// A state as a word in a frame; `state` is its class: "failed", "warning", "ok", "other".
std::string badge_html(const char* state, std::string_view word);
std::string badge_html(std::optional<Severity> severity);

struct Head {
  const char* text;
  bool is_number = false;
};

// A table within a box that scrolls by itself where it is too wide. Rows are markup.
std::string table_html(const std::string& label, const std::vector<Head>& heads,
                       const std::string& rows);

std::string details_html(const std::string& summary, const std::string& content);

// The entries as a list; those beyond the first ones behind "and 12 more". Entries are markup.
std::string list_html(const std::vector<std::string>& entries, const char* list_class = "");

// The parts of the page, each a <section>, in their order on it.
std::string todo_section(const Report& report);
std::string coverage_section(const Report& report);
std::string items_section(const Report& report);
std::string history_section(const Report& report);
std::string drills_section(const Report& report);
std::string runs_section(const Report& report);

// "OK", "INCOMPLETE (3)", "FAILED (1)", "DIED", "at work"
struct RunWord {
  const char* state;  // as of badge_html()
  std::string word;
};
RunWord word_of(const RunPoint& run);

}  // namespace repo
