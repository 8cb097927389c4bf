#include "reporter/html_parts.h"

#include <fmt/format.h>

#include "base/bytes_path.h"
#include "base/exit_code.h"
#include "reporter/markup.h"

namespace repo {
namespace {

constexpr std::size_t kMostListed = 20;

// "2026-01-31 23:59:59 UTC"
std::string exact(UtcTime time) {
  std::string text = rfc3339(time);
  text.replace(text.find('T'), 1, " ");
  text.replace(text.size() - 1, 1, " UTC");
  return text;
}

std::string items_of(const std::vector<std::string>& entries, std::size_t begin, std::size_t end,
                     const char* list_class) {
  std::string html = "<ul" + (*list_class == 0 ? "" : fmt::format(" class=\"{}\"", list_class));
  html += ">\n";
  for (std::size_t i = begin; i < end; ++i) html += "<li>" + entries[i] + "</li>\n";
  return html + "</ul>\n";
}

}  // namespace

std::string shown(std::string_view bytes) { return escape_markup(printable(bytes)); }

std::string path_html(std::string_view bytes) {
  return "<bdi class=\"path\">" + shown(bytes) + "</bdi>";
}

std::string ago_html(const std::optional<UtcTime>& time, UtcTime now, const char* never) {
  if (!time) return never;
  return fmt::format("<time datetime=\"{}\" title=\"{}\">{} ago</time>", rfc3339(*time),
                     exact(*time), age_text(*time, now));
}

std::string time_html(UtcTime time) {
  return fmt::format("<time datetime=\"{}\">{}</time>", rfc3339(time), exact(time));
}

std::string badge_html(const char* state, std::string_view word) {
  return fmt::format("<span class=\"word {}\">{}</span>", state, escape_markup(word));
}

std::string badge_html(std::optional<Severity> severity) {
  return badge_html(key_of(severity), word_of(severity));
}

std::string table_html(const std::string& label, const std::vector<Head>& heads,
                       const std::string& rows) {
  // Can be reached by the keyboard, which scrolls it.
  std::string html = fmt::format(
      "<div class=\"scroll\" role=\"region\" aria-label=\"{}\" tabindex=\"0\">\n<table>\n<thead>"
      "<tr>",
      escape_markup(label));
  for (const Head& head : heads) {
    html += fmt::format("<th scope=\"col\"{}>{}</th>", head.is_number ? " class=\"number\"" : "",
                        head.text);
  }
  return html + "</tr></thead>\n<tbody>\n" + rows + "</tbody>\n</table>\n</div>\n";
}

std::string details_html(const std::string& summary, const std::string& content) {
  return "<details>\n<summary>" + summary + "</summary>\n" + content + "</details>\n";
}

std::string list_html(const std::vector<std::string>& entries, const char* list_class) {
  if (entries.empty()) return "";
  const std::size_t first = std::min(entries.size(), kMostListed);
  std::string html = items_of(entries, 0, first, list_class);
  if (first == entries.size()) return html;
  return html + details_html(fmt::format("and {} more", entries.size() - first),
                             items_of(entries, first, entries.size(), list_class));
}

RunWord word_of(const RunPoint& run) {
  if (run.state == RunState::kDied) return {"failed", "DIED"};
  if (run.state == RunState::kRunning) return {"other", "at work"};
  if (!run.summary) return {"other", "not known"};
  const int code = run.summary->exit_status;
  if (code == exit_status(ExitCode::kOk)) return {"ok", "OK"};
  if (code == exit_status(ExitCode::kIncomplete)) {
    return {"warning", fmt::format("INCOMPLETE ({})", code)};
  }
  return {"failed", fmt::format("FAILED ({})", code)};
}

}  // namespace repo
