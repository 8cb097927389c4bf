#include <fmt/format.h>

#include <cmath>
#include <map>
#include <set>

#include "base/bytes_path.h"
#include "base/text.h"
#include "dumper/space.h"
#include "reporter/html_parts.h"
#include "reporter/markup.h"
#include "reporter/plot.h"
#include "reporter/tally.h"

namespace repo {
namespace {

// What an item is filtered by.
const char* state_of(const ItemState& item) {
  return is_only_listed(item) ? "other" : key_of(item.severity());
}

const char* state_word(std::string_view state) {
  if (state == "failed") return word_of(Severity::kFailure);
  if (state == "warning") return word_of(Severity::kWarning);
  return state == "ok" ? word_of(std::nullopt) : "listed";
}

// How much work a row is; by this the column is sorted.
int rank_of(std::string_view state) {
  constexpr std::array kStates = {"other", "ok", "warning", "failed"};
  int rank = 0;
  for (const std::string_view each : kStates) {
    if (each == state) return rank;
    ++rank;
  }
  return 0;
}

// A cell that is sorted by a number; without one it comes below all that have one.
std::string number_cell(const std::optional<double>& value, const std::string& content) {
  return fmt::format("<td data-v=\"{:.6g}\">{}</td>", value.value_or(-1), content);
}

std::string age_cell(const std::optional<UtcTime>& time, const Report& report, bool is_expected) {
  constexpr double kNever = 1e15;  // older than all
  if (!time) return number_cell(is_expected ? kNever : -1.0, is_expected ? "never" : "–");
  // To the second: six digits would not do.
  return fmt::format("<td data-v=\"{}\">{}</td>", (report.time - *time).count(),
                     ago_html(time, report.time, ""));
}

std::string trend_cell(const ItemState& item) {
  std::vector<double> values;
  for (const SizePoint& point : item.sizes) values.push_back(static_cast<double>(point.bytes));
  if (values.size() < 2) return number_cell(std::nullopt, "–");
  const double first = values.front();
  const double last = values.back();
  constexpr double kPercent = 100;
  std::string text = "same";
  double change = 0;
  if (first > 0 && first != last) {
    change = (last - first) / first * kPercent;
    text =
        std::abs(change) < 1 ? fmt::format("{:+.1f} %", change) : fmt::format("{:+.0f} %", change);
  } else if (first != last) {
    change = kPercent;
    text = "from 0";
  }
  constexpr double kAllLost = 1000;  // sorted from -100 % on: all above "not known"
  return number_cell(change + kAllLost, sparkline_svg(values) + " " + text);
}

std::string why_html(const ItemState& item) {
  std::string html;
  if (is_only_listed(item)) html = "not copied, by the policy: " + shown(item.listed_by);
  for (const Finding& finding : item.findings) {
    html += (html.empty() ? "" : "<br/>") + escape_markup(finding.text);
  }
  return html;
}

using Seconds = std::map<std::pair<std::string, std::string>, double>;

// How long it took to restore each, when that last worked.
Seconds restores_of(const Report& report) {
  Seconds seconds;
  for (const DrillResult& drill : report.drills) {
    if (drill.state == DrillState::kPassed) seconds[{drill.kind, drill.id}] = drill.restore_seconds;
  }
  for (const ItemState& item : report.items) {
    if (!item.drill || item.drill->state != DrillState::kPassed) continue;
    seconds[{item.kind, item.id}] = item.drill->restore_seconds;
  }
  return seconds;
}

std::string row_html(const ItemState& item, const Report& report, const Seconds& restores) {
  const char* state = state_of(item);
  const bool is_expected = !is_only_listed(item);
  const bool has_copy = !item.generation.empty();
  std::string html = fmt::format(
      "<tr data-state=\"{}\"><td data-v=\"{}\">{}</td><td>{}</td><th scope=\"row\">{}</th>", state,
      rank_of(state), badge_html(state, state_word(state)), shown(item.kind), path_html(item.path));
  html += number_cell(has_copy ? std::optional(static_cast<double>(item.bytes)) : std::nullopt,
                      has_copy ? human_bytes(item.bytes) : "–");
  html += trend_cell(item) + age_cell(item.succeeded, report, is_expected) +
          age_cell(item.proven, report, is_expected);
  const auto found = restores.find({item.kind, item.id});
  html += found == restores.end() || !has_copy
              ? number_cell(std::nullopt, "–")
              : number_cell(found->second, seconds_text(found->second));
  return html + "<td>" + why_html(item) + "</td></tr>\n";
}

std::string choice_html(std::string_view value, const std::string& text, std::size_t count) {
  return fmt::format("<option value=\"{}\">{} ({})</option>", escape_markup(value),
                     escape_markup(text), count);
}

// Without scripts it would do nothing: page.js shows it.
std::string filters_html(const Report& report) {
  std::map<std::string, std::size_t> states;
  std::map<std::string, std::size_t> kinds;
  for (const ItemState& item : report.items) {
    ++states[state_of(item)];
    ++kinds[printable(item.kind)];
  }
  std::string html =
      "<div class=\"filters\" id=\"filters\" role=\"search\" aria-label=\"Items\" "
      "hidden=\"hidden\">\n"
      "<p><label for=\"filter-text\">Find</label> <input id=\"filter-text\" type=\"search\" "
      "autocomplete=\"off\" spellcheck=\"false\"/></p>\n"
      "<p><label for=\"filter-state\">State</label> <select id=\"filter-state\">";
  html += choice_html("", "all", report.items.size());
  for (const char* state : {"failed", "warning", "ok", "other"}) {
    if (states.contains(state)) html += choice_html(state, state_word(state), states[state]);
  }
  html += "</select></p>\n<p><label for=\"filter-kind\">Kind</label> <select id=\"filter-kind\">";
  html += choice_html("", "all", report.items.size());
  for (const auto& [kind, count] : kinds) html += choice_html(kind, kind, count);
  return html + "</select></p>\n<p id=\"filter-count\" role=\"status\"></p>\n</div>\n";
}

}  // namespace

std::string items_section(const Report& report) {
  std::string html =
      fmt::format("<section aria-labelledby=\"items-title\">\n<h2 id=\"items-title\">{}</h2>\n",
                  report.items.empty() ? std::string("No items")
                                       : "All " + counted(report.items.size(), "item"));
  if (report.items.empty()) return html + "<p>No repository is on record.</p>\n</section>\n";
  html += filters_html(report);
  html += "<table id=\"items\" class=\"items\" aria-labelledby=\"items-title\">\n<thead><tr>";
  constexpr std::array kHeads = {"State",          "Kind",       "Path",         "Size", "Trend",
                                 "Last good copy", "Last proof", "Restore took", "Why"};
  for (const char* head : kHeads) html += fmt::format("<th scope=\"col\">{}</th>", head);
  html += "</tr></thead>\n<tbody>\n";
  const Seconds restores = restores_of(report);
  for (const ItemState& item : report.items) html += row_html(item, report, restores);
  return html + "</tbody>\n</table>\n</section>\n";
}

}  // namespace repo
