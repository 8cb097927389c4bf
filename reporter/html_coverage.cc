#include <fmt/format.h>

#include "base/bytes_path.h"
#include "base/text.h"
#include "dumper/space.h"
#include "reporter/html_parts.h"
#include "reporter/markup.h"

namespace repo {
namespace {

using Entries = std::vector<std::string>;

Entries paths_of(const std::vector<std::string>& paths) {
  Entries entries;
  for (const std::string& path : paths) entries.push_back(path_html(path));
  return entries;
}

std::string scan_html(const Report& report) {
  const Coverage& coverage = report.coverage;
  if (!coverage.scanned) {
    return "<p>" + badge_html("warning", "WARNING") +
           " When the last scan was is not known, nor what it found.</p>\n";
  }
  return "<p>The last scan ended " + ago_html(coverage.scanned, report.time, "") + ". " +
         (coverage.complete
              ? badge_html("ok", "COMPLETE") + " It could look at all that it was told to."
              : badge_html("warning", "NOT COMPLETE") +
                    " There are places that it could not look at.") +
         "</p>\n";
}

struct Group {
  const char* title;
  const char* meaning;
  Entries entries;
};

std::vector<Group> groups_of(const Coverage& coverage) {
  Entries moved;
  for (const auto& [from, to] : coverage.moved) {
    moved.push_back(path_html(from) + " to " + path_html(to));
  }
  Entries unreadable;
  for (const Error& error : coverage.unreadable) {
    unreadable.push_back(path_html(error.path) + ": " + shown(error.op) + ": " +
                         shown(error.message));
  }
  Entries not_looked_at;
  for (const Pruned& pruned : coverage.not_looked_at) {
    not_looked_at.push_back(path_html(pruned.path) + ": " + shown(pruned.why));
  }
  return {
      {"In no copy", "Found, and not copied yet.", paths_of(coverage.not_dumped)},
      {"Unreadable", "What is there is not known.", std::move(unreadable)},
      {"Not looked at", "There may be repositories.", std::move(not_looked_at)},
      {"Replaced", "Another repository than before, at the same place.",
       paths_of(coverage.replaced)},
      {"New", "Since the scan before.", paths_of(coverage.added)},
      {"Moved", "Since the scan before.", std::move(moved)},
      {"Gone", "Since the scan before.", paths_of(coverage.gone)},
  };
}

// Copies that stay though nothing is there any more that they are of.
std::string gone_html(const Report& report) {
  std::string rows;
  std::size_t count = 0;
  std::uint64_t bytes = 0;
  for (const ItemState& item : report.items) {
    if (!item.is_gone) continue;
    ++count;
    bytes += item.bytes_all;
    rows += fmt::format(
        "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"number\">{}</td><td>{}</td><td><code>"
        "scripts/nightly --forget {}</code></td></tr>\n",
        path_html(item.path), shown(item.kind), human_bytes(item.bytes_all),
        ago_html(item.succeeded, report.time, "never"), shown(item.id));
  }
  if (count == 0) return "";
  return fmt::format(
             "<h3>Copies whose source is gone: {}, {}</h3>\n<p>They stay until they are "
             "forgotten.</p>\n",
             count, human_bytes(bytes)) +
         table_html("Copies whose source is gone",
                    {"Path", "Kind", "Size", "Last good copy", "If it is not needed any more"},
                    rows);
}

}  // namespace

std::string coverage_section(const Report& report) {
  std::string html = "<section aria-labelledby=\"coverage\">\n<h2 id=\"coverage\">Coverage</h2>\n" +
                     scan_html(report);
  std::string none;
  for (const Group& group : groups_of(report.coverage)) {
    if (group.entries.empty()) {
      none += (none.empty() ? "" : ", ") + std::string(group.title);
      continue;
    }
    html += fmt::format("<h3>{}: {}</h3>\n<p class=\"meaning\">{}</p>\n", group.title,
                        group.entries.size(), group.meaning) +
            list_html(group.entries, "paths");
  }
  if (!none.empty() && report.coverage.scanned) html += "<p>None: " + none + ".</p>\n";
  return html + gone_html(report) + "</section>\n";
}

}  // namespace repo
