#include "reporter/mail_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes_path.h"
#include "base/text.h"
#include "dumper/last_lines.h"
#include "dumper/space.h"
#include "reporter/cut.h"
#include "reporter/markup.h"
#include "reporter/tally.h"
#include "reporter/text.h"

namespace repo {
namespace {

constexpr std::size_t kLongestSubject = 180;
constexpr const char* kCell = "style=\"text-align:left;padding:2px 10px 2px 0;vertical-align:top\"";

const char* colour_of(std::optional<Severity> severity) {
  if (severity == Severity::kFailure) return "#b3261e";
  return severity == Severity::kWarning ? "#8a5300" : "#1b6e3c";
}

std::string finding_html(const std::string& about, const Finding& finding) {
  std::string html = fmt::format(
      "<li style=\"margin-bottom:8px\"><b style=\"color:{}\">{}</b> {}{}",
      colour_of(finding.severity), word_of(finding.severity),
      about.empty() ? "" : "<b>" + escape_markup(about) + "</b>: ", escape_markup(finding.text));
  const std::vector<std::string> lines = last_lines(finding.output, kOutputLines);
  if (!lines.empty()) {
    html += "<pre style=\"margin:2px 0\">";
    for (const std::string& line : lines) html += escape_markup(printable(line)) + "\n";
    html += "</pre>";
  }
  if (!finding.todo.empty()) html += "<br>&rarr; " + escape_markup(finding.todo);
  return html + "</li>\n";
}

}  // namespace

std::string mail_subject_of(const Report& report) {
  const std::string subject = first_line_of(report);
  if (subject.size() <= kLongestSubject) return subject;
  return std::string(cut_at_character(subject, kLongestSubject)) + " ...";
}

std::string mail_html_of(const Report& report) {
  std::string html = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" +
                     escape_markup(mail_subject_of(report)) +
                     "</title></head>\n<body style=\"font-family:sans-serif\">\n";
  html += fmt::format("<h1 style=\"font-size:1.2em;color:{}\">{}</h1>\n",
                      colour_of(report.severity()), escape_markup(first_line_of(report)));
  const Troubles found = troubles_of(report);
  std::string troubles;
  for (const Trouble& trouble : found.shown) {
    const ItemState* item = trouble.item;
    const std::string about = item == nullptr ? "" : item->kind + " " + printable(item->path);
    troubles += finding_html(about, *trouble.finding);
  }
  if (found.more > 0) troubles += fmt::format("<li>and {} more</li>\n", found.more);
  if (!troubles.empty())
    html += "<h2 style=\"font-size:1em\">What to do</h2>\n<ul>" + troubles + "</ul>\n";
  html += fmt::format(
      "<table style=\"border-collapse:collapse\">\n<tr><th {0}>State</th><th {0}>Kind"
      "</th><th {0}>Size</th><th {0}>Last good</th><th {0}>Last proof</th>"
      "<th {0}>Path</th></tr>\n",
      kCell);
  constexpr std::size_t kMostRows = 200;
  std::size_t shown = 0;
  for (const ItemState& item : report.items) {
    if (is_only_listed(item)) continue;
    if (++shown > kMostRows) continue;
    auto age = [&](const std::optional<UtcTime>& time) {
      return time ? age_text(*time, report.time) : std::string("never");
    };
    html += fmt::format(
        "<tr><td {0}><b style=\"color:{1}\">{2}</b></td><td {0}>{3}</td><td {0}>{4}</td>"
        "<td {0}>{5}</td><td {0}>{6}</td><td {0}>{7}</td></tr>\n",
        kCell, colour_of(item.severity()), word_of(item.severity()), escape_markup(item.kind),
        item.generation.empty() ? "-" : human_bytes(item.bytes), age(item.succeeded),
        age(item.proven), escape_markup(printable(item.path)));
  }
  html += "</table>\n";
  if (shown > kMostRows) html += fmt::format("<p>and {} more</p>\n", shown - kMostRows);
  return html + "<p>" +
         escape_markup("Copies: " + printable(report.dir) + ", " + rfc3339(report.time) +
                       ", repo-report " REPO_BACKUP_VERSION) +
         "</p>\n</body></html>\n";
}

}  // namespace repo
