#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/bytes_path.h"
#include "dumper/last_lines.h"
#include "reporter/html_parts.h"
#include "reporter/markup.h"

namespace repo {
namespace {

constexpr std::size_t kPageOutputLines = 20;

bool is_trouble(const Finding& finding) { return finding.severity >= Severity::kWarning; }

// Where the first command in `text` begins and ends: from the name of a tool of ours on.
std::pair<std::size_t, std::size_t> command_in(std::string_view text) {
  constexpr std::array kTools = {"scripts/nightly", "repo-restore ", "repo-dump ", "repo-scan "};
  std::size_t begin = text.npos;
  for (const std::string_view tool : kTools) begin = std::min(begin, text.find(tool));
  if (begin == text.npos) return {text.size(), text.size()};
  std::size_t end = std::min(text.find_first_of(";,)", begin), text.size());
  end = std::min({end, text.find(": ", begin), text.find(" (", begin)});
  return {begin, end};
}

// Prose, with the commands in it set apart: what can be copied as it is.
std::string todo_html(std::string_view todo) {
  std::string html = "<p class=\"todo\">";
  while (!todo.empty()) {
    const auto [begin, end] = command_in(todo);
    html += escape_markup(todo.substr(0, begin));
    if (end > begin) html += "<code>" + escape_markup(todo.substr(begin, end - begin)) + "</code>";
    todo.remove_prefix(end);
  }
  return html + "</p>\n";
}

std::string finding_html(const ItemState* item, const Finding& finding) {
  std::string html = "<p>";
  if (is_trouble(finding)) html += badge_html(finding.severity) + " ";
  if (item != nullptr) {
    html += "<span class=\"kind\">" + shown(item->kind) + "</span> " + path_html(item->path);
    html += "<br/>";
  }
  html += escape_markup(finding.text) + "</p>\n";
  if (!finding.todo.empty()) html += todo_html(finding.todo);
  const std::vector<std::string> lines = last_lines(finding.output, kPageOutputLines);
  if (lines.empty()) return html;
  html += "<pre tabindex=\"0\">";
  for (const std::string& line : lines) html += shown(line) + "\n";
  return html + "</pre>\n";
}

}  // namespace

std::string todo_section(const Report& report) {
  struct Entry {
    const ItemState* item;
    const Finding* finding;
  };
  std::vector<Entry> troubles;
  std::vector<std::string> notes;
  for (const Finding& finding : report.findings) {
    if (is_trouble(finding)) {
      troubles.push_back({nullptr, &finding});
    } else if (finding.what != "new" && finding.what != "moved") {  // coverage has these
      notes.push_back(finding_html(nullptr, finding));
    }
  }
  for (const ItemState& item : report.items) {
    for (const Finding& finding : item.findings) {
      if (is_trouble(finding)) troubles.push_back({&item, &finding});
    }
  }
  std::stable_sort(troubles.begin(), troubles.end(), [](const Entry& a, const Entry& b) {
    return a.finding->severity > b.finding->severity;
  });
  std::vector<std::string> entries;
  entries.reserve(troubles.size());
  for (const Entry& each : troubles) entries.push_back(finding_html(each.item, *each.finding));

  std::string html = "<section aria-labelledby=\"todo\">\n<h2 id=\"todo\">What to do</h2>\n";
  html += entries.empty() ? "<p>Nothing.</p>\n" : list_html(entries, "findings");
  if (!notes.empty()) {
    html += "<h3>To be known</h3>\n" + list_html(notes, "findings");
  }
  return html + "</section>\n";
}

}  // namespace repo
