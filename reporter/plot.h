// Values over time as SVG to be put into a page. Its colours and fonts come from the page's style
// sheet by class names; no style attributes, no ids that were not given. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace repo {

struct PlotPoint {
  UtcTime time;
  std::optional<double> value;  // nothing: it is only known that there was something
  bool is_marked = false;       // something was wrong with it: a cross in place of a dot
  std::string note{};           // what it was, in plain words; shown with the value
};

struct Plot {
  enum class Unit { kBytes, kSeconds };

  std::string id;     // of the page: letters, digits, hyphens
  std::string title;  // for those who cannot see it
  Unit unit = Unit::kBytes;
  bool is_line = true;            // points are joined
  std::vector<PlotPoint> points;  // from old to new
};

// Axes from 0 and from the oldest to the newest point; with a description in words. Values that
// are not finite or below 0 count as not known. Nothing where there is no point.
std::string plot_svg(const Plot& plot);

// What one point is, for people: "1.2 GiB", "3 min 20 s", "not known".
std::string value_text(const PlotPoint& point, Plot::Unit unit);
std::string seconds_text(double seconds);

// At most `most` of the points, evenly: the marked ones first of their neighbours, and the last.
std::vector<PlotPoint> thinned(const std::vector<PlotPoint>& points, std::size_t most);

// The course of few or many values in the size of a word, hidden from screen readers: what it says
// must stand beside it. Nothing for less than two values.
std::string sparkline_svg(const std::vector<double>& values);

}  // namespace repo
