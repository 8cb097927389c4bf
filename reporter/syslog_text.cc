#include "reporter/syslog_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes_path.h"
#include "reporter/tally.h"
#include "reporter/text.h"

namespace repo {
namespace {

// In quotes, which it cannot end.
std::string value_of(const std::string& bytes) {
  std::string text = printable(bytes);
  std::replace(text.begin(), text.end(), '"', '\'');
  return '"' + text + '"';
}

// As it is where it is one word, as those of ours are.
std::string word_or_value(const std::string& text) {
  const bool is_word = text.find_first_of(" \"=") == std::string::npos;
  return is_word ? text : value_of(text);
}

LogLine line_of(const ItemState& item) {
  const bool is_listed = is_only_listed(item);
  LogLine line{item.severity().value_or(Severity::kNote), ""};
  line.text = fmt::format("item state={} kind={} path={} id={}",
                          is_listed ? "LISTED" : word_of(item.severity()), word_or_value(item.kind),
                          value_of(item.path), word_or_value(item.id));
  if (item.succeeded) line.text += " last_success=" + rfc3339(*item.succeeded);
  if (item.proven) line.text += " last_proof=" + rfc3339(*item.proven);
  if (!item.generation.empty()) line.text += fmt::format(" bytes={}", item.bytes);
  if (!item.findings.empty()) line.text += " why=" + value_of(item.findings.front().text);
  return line;
}

}  // namespace

std::vector<LogLine> log_lines_of(const Report& report) {
  std::vector<LogLine> lines;
  lines.push_back({report.severity().value_or(Severity::kNote),
                   fmt::format("{}report state={} headline={}", report.is_test ? "TEST " : "",
                               word_of(report.severity()), value_of(report.headline))});
  for (const Finding& finding : report.findings) {
    if (finding.severity == Severity::kNote) continue;
    lines.push_back({finding.severity,
                     "finding what=" + value_of(finding.what) + " text=" + value_of(finding.text)});
  }
  if (report.is_test) return lines;
  for (const ItemState& item : report.items) lines.push_back(line_of(item));
  return lines;
}

}  // namespace repo
