#include <fmt/format.h>

#include <algorithm>

#include "base/bytes_path.h"
#include "base/text.h"
#include "dumper/space.h"
#include "reporter/html_parts.h"
#include "reporter/markup.h"
#include "reporter/plot.h"

namespace repo {
namespace {

constexpr std::size_t kMostPoints = 400;
constexpr std::size_t kMostRows = 30;

// A plot, and the same as a table for those who cannot see it.
std::string figure_html(Plot plot, const char* value_head) {
  const std::size_t all = plot.points.size();
  if (all == 0) return "";
  plot.points = thinned(plot.points, kMostPoints);
  std::string rows;
  for (auto point = plot.points.rbegin(); point != plot.points.rend(); ++point) {
    rows += fmt::format(
        "<tr><th scope=\"row\">{}</th><td class=\"number\">{}</td><td>{}</td></tr>\n",
        time_html(point->time), value_text(*point, plot.unit), escape_markup(point->note));
  }
  const bool has_value =
      std::any_of(plot.points.begin(), plot.points.end(),
                  [](const PlotPoint& point) { return point.value.has_value(); });
  const bool has_marked = std::any_of(plot.points.begin(), plot.points.end(),
                                      [](const PlotPoint& point) { return point.is_marked; });
  std::string caption = "<strong>" + escape_markup(plot.title) + "</strong>";
  if (has_marked && has_value) caption += " A cross: it did not end well.";
  if (all > plot.points.size()) caption += fmt::format(" {} of {} shown.", plot.points.size(), all);
  return "<figure>\n<figcaption>" + caption + "</figcaption>\n" +
         (has_value ? plot_svg(plot) : "<p>No value is on record.</p>") + "\n" +
         details_html("As a table", table_html(plot.title + ", as a table",
                                               {{"When"}, {value_head, true}, {"What"}}, rows)) +
         "</figure>\n";
}

struct RunPlots {
  Plot size{"plot-size", "Size of all copies", Plot::Unit::kBytes, true, {}};
  Plot written{"plot-written", "Written by each run", Plot::Unit::kBytes, true, {}};
  Plot duration{"plot-duration", "Duration of each run", Plot::Unit::kSeconds, true, {}};
};

RunPlots plots_of(const std::vector<RunPoint>& runs) {
  RunPlots plots;
  for (const RunPoint& run : runs) {
    if (run.state == RunState::kRunning) continue;
    const RunWord word = word_of(run);
    PlotPoint point{run.began, std::nullopt, std::string_view(word.state) != "ok", word.word};
    auto add = [&](Plot& plot, double value) {
      if (run.summary) point.value = value;
      plot.points.push_back(point);
    };
    const RunSummary summary = run.summary.value_or(RunSummary());
    add(plots.size, static_cast<double>(summary.bytes));
    add(plots.written, static_cast<double>(summary.bytes_written));
    add(plots.duration, summary.seconds);
  }
  return plots;
}

const char* drill_class(DrillState state) {
  if (state == DrillState::kPassed) return "ok";
  return state == DrillState::kFailed ? "failed" : "warning";
}

const char* drill_word(DrillState state) {
  if (state == DrillState::kPassed) return "PASSED";
  return state == DrillState::kFailed ? "FAILED" : "NOT RUN";
}

Plot restores_of(const std::vector<DrillResult>& drills) {
  Plot plot{"plot-restore", "Restore durations of drills", Plot::Unit::kSeconds, false, {}};
  for (const DrillResult& drill : drills) {
    const bool has_passed = drill.state == DrillState::kPassed;
    plot.points.push_back(
        {drill.time, has_passed ? std::optional(drill.restore_seconds) : std::nullopt, !has_passed,
         fmt::format("{} {} {}", drill_word(drill.state), printable(drill.kind),
                     printable(drill.path))});
  }
  // Several end at a time; what is plotted goes from old to new.
  std::stable_sort(plot.points.begin(), plot.points.end(),
                   [](const PlotPoint& a, const PlotPoint& b) { return a.time < b.time; });
  return plot;
}

std::string drill_row(const DrillResult& drill, UtcTime now) {
  std::string said = shown(drill.error);
  for (const std::string& each : drill.compared) said += (said.empty() ? "" : "; ") + shown(each);
  if (!drill.whole_instead.empty()) said += "; whole: the copy " + shown(drill.whole_instead);
  const bool is_restored = drill.state == DrillState::kPassed;
  return fmt::format(
      "<tr><td>{}</td><td>{}</td><td>{}</td><th scope=\"row\">{}</th><td class=\"number\">{}</td>"
      "<td class=\"number\">{}</td><td class=\"long\">{}</td></tr>\n",
      ago_html(drill.time, now, ""), badge_html(drill_class(drill.state), drill_word(drill.state)),
      shown(drill.kind), path_html(drill.path),
      is_restored ? seconds_text(drill.restore_seconds) : "–", seconds_text(drill.seconds), said);
}

std::string run_row(const RunPoint& run) {
  const RunWord word = word_of(run);
  std::string html = fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td>", time_html(run.began),
                                 badge_html(word.state, word.word));
  auto cell = [&](const std::string& text) { html += "<td class=\"number\">" + text + "</td>"; };
  if (!run.summary) {
    constexpr int kCells = 6;
    for (int i = 0; i < kCells; ++i) cell("–");
    return html + "</tr>\n";
  }
  const RunSummary& summary = *run.summary;
  cell(seconds_text(summary.seconds));
  cell(std::to_string(summary.count(ItemStatus::kCopied)));
  cell(std::to_string(summary.count(ItemStatus::kUnchanged)));
  cell(std::to_string(summary.count(ItemStatus::kFailed)));
  cell(human_bytes(summary.bytes));
  cell(human_bytes(summary.bytes_written));
  return html + "</tr>\n";
}

}  // namespace

std::string history_section(const Report& report) {
  RunPlots plots = plots_of(report.runs);
  const std::string figures = figure_html(std::move(plots.size), "Size") +
                              figure_html(std::move(plots.duration), "Duration") +
                              figure_html(std::move(plots.written), "Written") +
                              figure_html(restores_of(report.drills), "Restore took");
  return "<section aria-labelledby=\"history\">\n<h2 id=\"history\">Over time</h2>\n" +
         (figures.empty() ? "<p>Nothing is on record.</p>\n"
                          : "<div class=\"figures\">\n" + figures + "</div>\n") +
         "</section>\n";
}

std::string drills_section(const Report& report) {
  std::string html = "<section aria-labelledby=\"drills\">\n<h2 id=\"drills\">Drills</h2>\n";
  if (report.drills.empty()) {
    return html +
           "<p>No drill is on record: whether the copies can be used is not proven.</p>\n"
           "</section>\n";
  }
  std::size_t passed = 0;
  std::size_t failed = 0;
  for (const DrillResult& drill : report.drills) {
    passed += drill.state == DrillState::kPassed ? 1 : 0;
    failed += drill.state == DrillState::kFailed ? 1 : 0;
  }
  const std::size_t all = report.drills.size();
  html += fmt::format("<p>{} on record: {} passed, {} failed, {} not run.", counted(all, "drill"),
                      passed, failed, all - passed - failed);
  const std::size_t shown_rows = std::min(all, kMostRows);
  if (shown_rows < all) html += fmt::format(" The last {}:", shown_rows);
  html += "</p>\n";
  std::string rows;
  for (std::size_t i = all; i-- > all - shown_rows;) {
    rows += drill_row(report.drills[i], report.time);
  }
  return html +
         table_html("The last drills",
                    {{"When"},
                     {"Result"},
                     {"Kind"},
                     {"Path"},
                     {"Restore took", true},
                     {"In all", true},
                     {"What was found"}},
                    rows) +
         "</section>\n";
}

std::string runs_section(const Report& report) {
  std::string html = "<section aria-labelledby=\"runs\">\n<h2 id=\"runs\">Runs</h2>\n";
  if (report.runs.empty()) return html + "<p>No run is on record.</p>\n</section>\n";
  const std::size_t all = report.runs.size();
  const std::size_t shown_rows = std::min(all, kMostRows);
  html += fmt::format("<p>{} on record.", counted(all, "run"));
  if (shown_rows < all) html += fmt::format(" The last {}:", shown_rows);
  html += "</p>\n";
  std::string rows;
  for (std::size_t i = all; i-- > all - shown_rows;) rows += run_row(report.runs[i]);
  return html +
         table_html("The last runs",
                    {{"Began"},
                     {"Result"},
                     {"Duration", true},
                     {"Copied", true},
                     {"Unchanged", true},
                     {"Failed", true},
                     {"Size of all copies", true},
                     {"Written", true}},
                    rows) +
         "</section>\n";
}

}  // namespace repo
