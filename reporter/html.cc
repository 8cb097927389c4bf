#include "reporter/html.h"

#include <fmt/format.h>

#include <string_view>

#include "base/bytes_path.h"
#include "base/digest.h"
#include "dumper/space.h"
#include "reporter/html_parts.h"
#include "reporter/markup.h"
#include "reporter/page_parts.h"
#include "reporter/tally.h"

namespace repo {
namespace {

std::string source_of(std::string_view part) {
  return "'sha256-" + base64_encode(sha256_raw(part)) + "'";
}

// Nothing runs and nothing is fetched but what the page has in itself, whatever a name holds.
std::string policy() {
  return "default-src 'none'; script-src " + source_of(kPageScript) + "; style-src " +
         source_of(kPageStyle) + "; img-src data:; base-uri 'none'; form-action 'none'";
}

std::string title_of(const Report& report) {
  return std::string(report.is_test ? "TEST " : "") + word_of(report.severity()) + " " +
         printable(report.host) + ": backups of repositories";
}

std::string head_html(const Report& report) {
  return "<head>\n<meta charset=\"utf-8\"/>\n"
         "<meta http-equiv=\"Content-Security-Policy\" content=\"" +
         policy() +
         "\"/>\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
         "<meta name=\"color-scheme\" content=\"light dark\"/>\n"
         "<meta name=\"referrer\" content=\"no-referrer\"/>\n"
         "<meta name=\"robots\" content=\"noindex\"/>\n"
         "<link rel=\"icon\" href=\"data:,\"/>\n<title>" +
         escape_markup(title_of(report)) + "</title>\n<style>" + kPageStyle + "</style>\n</head>\n";
}

std::string figure(const char* name, const std::string& value) {
  return fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", name, value);
}

std::string figures_html(const Report& report) {
  const Tally tally = tally_of(report);
  std::string html = "<dl class=\"summary\">\n";
  html += figure("Items OK", fmt::format("{} of {}", tally.good, tally.items));
  if (tally.failed > 0) html += figure("Failed", std::to_string(tally.failed));
  if (tally.warned > 0) html += figure("Warnings", std::to_string(tally.warned));
  if (tally.listed > 0) html += figure("Listed only", std::to_string(tally.listed));
  html += figure("Size of all copies", human_bytes(tally.bytes));
  html += figure("Last usable run", ago_html(report.last_good, report.time, "none on record"));
  html += figure("Oldest proof",
                 ago_html(tally.oldest_proof, report.time, "none") +
                     (tally.oldest_proof && tally.unproven > 0 ? ", some without" : ""));
  return html + "</dl>\n";
}

std::string header_html(const Report& report) {
  std::string html = "<header>\n<h1>";
  if (report.is_test) html += "TEST of repo-report --self-test: ";
  html += badge_html(report.severity()) + " " + shown(report.host) + ": " +
          escape_markup(report.headline) + "</h1>\n";
  if (report.is_test) {
    html += "<p>This is a test of the alarm, and no news of the backups.</p>\n";
  }
  html += "<p>As of " + time_html(report.time) + ".</p>\n";
  // The script shows it once the page is too old to be believed.
  html += fmt::format(
      "<p id=\"stale\" class=\"stale\" role=\"alert\" hidden=\"hidden\" data-written=\"{}\" "
      "data-expect=\"{}\">This page is old: nothing has reported since. What it says may not be "
      "true any more.</p>\n",
      report.time.time_since_epoch().count(), report.expect.count());
  html += figures_html(report);
  return html +
         "<nav aria-label=\"Parts of this page\"><ul><li><a href=\"#todo\">What to do</a></li>"
         "<li><a href=\"#coverage\">Coverage</a></li><li><a href=\"#items-title\">Items</a></li>"
         "<li><a href=\"#history\">Over time</a></li><li><a href=\"#drills\">Drills</a></li>"
         "<li><a href=\"#runs\">Runs</a></li></ul></nav>\n</header>\n";
}

std::string footer_html(const Report& report) {
  std::string html = "<footer>\n<h2>What the words mean</h2>\n<dl>\n";
  constexpr std::pair<const char*, const char*> kWords[] = {
      {"restorable", "copied, verified by the repository's own tool, and restored by a drill"},
      {"drill",
       "a copy is restored to a scratch place, used as people do, and compared with what "
       "was recorded"},
      {"proof", "the last drill that passed, where nothing speaks against it since"},
      {"last good copy", "when the copy was last made, or the source found to be as it was"},
      {"listed", "found, and by the policy not copied"},
      {"OK, WARNING, FAILED",
       "nothing is to be done; somebody must look at it; it cannot be restored as it should be, "
       "or nobody knows"},
  };
  for (const auto& [word, meaning] : kWords) {
    html += fmt::format("<dt>{}</dt><dd>{}</dd>\n", word, meaning);
  }
  return html + "</dl>\n<p>Copies in " + path_html(report.dir) + " on " + shown(report.host) +
         ". Written " + time_html(report.time) +
         " by repo-report " REPO_BACKUP_VERSION ".</p>\n</footer>\n";
}

}  // namespace

std::string html_of(const Report& report) {
  return "<!DOCTYPE html>\n<html lang=\"en\">\n" + head_html(report) + "<body>\n" +
         header_html(report) + "<main>\n" + todo_section(report) + coverage_section(report) +
         items_section(report) + history_section(report) + drills_section(report) +
         runs_section(report) + "</main>\n" + footer_html(report) + "<script>" + kPageScript +
         "</script>\n</body>\n</html>\n";
}

}  // namespace repo
