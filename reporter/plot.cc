#include "reporter/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "dumper/space.h"
#include "reporter/markup.h"

namespace repo {
namespace {

// In units of the drawing, which is scaled to the width of its place.
constexpr double kWidth = 400;
constexpr double kHeight = 200;
constexpr double kLeft = 66;
constexpr double kRight = 390;
constexpr double kTop = 12;
constexpr double kBottom = 170;
constexpr double kMiddle = (kLeft + kRight) / 2;
constexpr int kMostSteps = 4;
constexpr double kKibi = 1024;
constexpr std::array kUnits = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};

bool is_known(const std::optional<double>& value) {
  return value && std::isfinite(*value) && *value >= 0;
}

// The smallest of 1, 2, 5, 10, 20 … that is `least` or more.
double round_step(double least) {
  double power = std::pow(10, std::floor(std::log10(least)));
  if (!std::isfinite(power) || power <= 0) power = 1;
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= least) return factor * power;
  }
  return 10 * power;
}

// The y axis: lines at multiples of `step`, up to `top`.
struct Scale {
  double step = 1;
  double top = 1;
  double unit = 1;  // bytes of one unit
  const char* unit_name = "";

  std::string label(double value, Plot::Unit kind) const {
    if (kind == Plot::Unit::kSeconds) return seconds_text(value);
    return value == 0 ? "0" : fmt::format("{:g} {}", value / unit, unit_name);
  }
};

double seconds_step(double least) {
  constexpr double kMinute = 60;
  constexpr double kHour = 3600;
  if (least <= 1) return round_step(least);
  for (const double step : {2.0, 5.0, 10.0, 15.0, 30.0, kMinute, 2 * kMinute, 5 * kMinute,
                            10 * kMinute, 15 * kMinute, 30 * kMinute}) {
    if (step >= least) return step;
  }
  return round_step(least / kHour) * kHour;
}

Scale scale_of(const Plot& plot) {
  double most = 0;
  for (const PlotPoint& point : plot.points) {
    if (is_known(point.value)) most = std::max(most, *point.value);
  }
  if (most <= 0) most = 1;
  Scale scale;
  if (plot.unit == Plot::Unit::kSeconds) {
    scale.step = seconds_step(most / kMostSteps);
  } else {
    std::size_t unit = 0;
    for (; most / scale.unit >= kKibi && unit + 1 < kUnits.size(); ++unit) scale.unit *= kKibi;
    scale.unit_name = kUnits[unit];
    scale.step = round_step(most / scale.unit / kMostSteps) * scale.unit;
    if (unit == 0) scale.step = std::max(scale.step, 1.0);
  }
  scale.top = std::max(std::ceil(most / scale.step), 1.0) * scale.step;
  return scale;
}

class Drawing {
 public:
  explicit Drawing(const Plot& plot)
      : plot_(plot),
        scale_(scale_of(plot)),
        begin_(plot.points.front().time),
        length_(static_cast<double>((plot.points.back().time - begin_).count())) {}

  std::string draw() {
    svg_ = fmt::format(
        "<svg class=\"plot\" viewBox=\"0 0 {} {}\" role=\"img\" aria-labelledby=\"{}-t {}-d\">"
        "<title id=\"{}-t\">{}</title><desc id=\"{}-d\">{}</desc>",
        kWidth, kHeight, plot_.id, plot_.id, plot_.id, escape_markup(plot_.title), plot_.id,
        escape_markup(description()));
    add_value_axis();
    add_time_axis();
    if (plot_.is_line) add_line();
    for (const PlotPoint& point : plot_.points) add_point(point);
    return svg_ + "</svg>";
  }

 private:
  double x_of(UtcTime time) const {
    if (length_ <= 0) return kMiddle;
    return kLeft + static_cast<double>((time - begin_).count()) / length_ * (kRight - kLeft);
  }
  double y_of(double value) const { return kBottom - value / scale_.top * (kBottom - kTop); }

  std::string description() const {
    const PlotPoint* low = nullptr;
    const PlotPoint* high = nullptr;
    const PlotPoint* last = nullptr;
    std::size_t marked = 0;
    for (const PlotPoint& point : plot_.points) {
      marked += point.is_marked ? 1 : 0;
      if (!is_known(point.value)) continue;
      if (low == nullptr || *point.value < *low->value) low = &point;
      if (high == nullptr || *point.value > *high->value) high = &point;
      last = &point;
    }
    std::string text = fmt::format("{} points from {} to {}", plot_.points.size(), rfc3339(begin_),
                                   rfc3339(plot_.points.back().time));
    if (last != nullptr) {
      text += fmt::format(": lowest {}, highest {}, last {}", value_text(*low, plot_.unit),
                          value_text(*high, plot_.unit), value_text(*last, plot_.unit));
    }
    if (marked > 0) text += fmt::format("; {} marked with a cross", marked);
    return text + ".";
  }

  void add_value_axis() {
    const int steps = static_cast<int>(std::lround(scale_.top / scale_.step));
    for (int i = 0; i <= steps; ++i) {
      const double value = i * scale_.step;
      const double y = y_of(value);
      svg_ += fmt::format(
          "<line class=\"{}\" x1=\"{}\" y1=\"{:.1f}\" x2=\"{}\" y2=\"{:.1f}\"/>"
          "<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>",
          i == 0 ? "axis" : "grid", kLeft, y, kRight, y, kLeft - 6, y + 4,
          scale_.label(value, plot_.unit));
    }
  }

  // "2026-01-31", or within two days "01-31 23:59".
  std::string time_label(UtcTime time) const {
    constexpr double kTwoDays = 2 * 86400.0;
    const std::string text = rfc3339(time);
    constexpr std::size_t kDate = 10;
    if (length_ > kTwoDays) return text.substr(0, kDate);
    return text.substr(5, 5) + " " + text.substr(11, 5);
  }

  void add_time_label(double x, const char* anchor, const std::string& label) {
    constexpr double kLabelY = kBottom + 18;
    svg_ += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"{}\">{}</text>", x, kLabelY,
                        anchor, label);
  }

  void add_time_axis() {
    if (length_ <= 0) return add_time_label(kMiddle, "middle", time_label(begin_));
    const UtcTime end = plot_.points.back().time;
    const std::string first = time_label(begin_);
    const std::string last = time_label(end);
    const std::string middle = time_label(begin_ + (end - begin_) / 2);
    add_time_label(kLeft, "start", first);
    if (middle != first && middle != last) add_time_label(kMiddle, "middle", middle);
    if (last != first) add_time_label(kRight, "end", last);
  }

  void add_line() {
    std::string points;
    for (const PlotPoint& point : plot_.points) {
      if (!is_known(point.value)) continue;
      points += fmt::format("{}{:.1f},{:.1f}", points.empty() ? "" : " ", x_of(point.time),
                            y_of(*point.value));
    }
    svg_ += "<polyline class=\"line\" fill=\"none\" points=\"" + points + "\"/>";
  }

  void add_point(const PlotPoint& point) {
    const double x = x_of(point.time);
    const double y = is_known(point.value) ? y_of(*point.value) : kBottom;
    const std::string title =
        "<title>" +
        escape_markup(rfc3339(point.time) + ": " + value_text(point, plot_.unit) +
                      (point.note.empty() ? "" : ", " + point.note)) +
        "</title>";
    if (point.is_marked) {
      constexpr double kArm = 4;
      svg_ += fmt::format(
          "<path class=\"bad\" fill=\"none\" d=\"M{:.1f} {:.1f}l{} {}m0 -{}l-{} {}\">{}</path>",
          x - kArm, y - kArm, 2 * kArm, 2 * kArm, 2 * kArm, 2 * kArm, 2 * kArm, title);
      return;
    }
    svg_ += fmt::format("<circle class=\"dot\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.5\">{}</circle>",
                        x, y, title);
  }

  const Plot& plot_;
  const Scale scale_;
  const UtcTime begin_;
  const double length_;  // in seconds
  std::string svg_;
};

}  // namespace

std::string seconds_text(double seconds) {
  constexpr double kTenths = 10;
  constexpr double kHundredths = 1;
  constexpr int kMinute = 60;
  constexpr int kHour = 3600;
  if (!std::isfinite(seconds) || seconds < 0) return "not known";
  if (seconds == 0) return "0 s";
  if (seconds < kHundredths) return fmt::format("{:.2g} s", seconds);
  if (seconds < kTenths) return fmt::format("{:.2g} s", seconds);
  const double capped = std::min(seconds, 1e15);
  const auto whole = static_cast<long long>(std::llround(capped));
  if (whole < kMinute) return fmt::format("{} s", whole);
  const long long minutes = whole % kHour / kMinute;
  if (whole < kHour) {
    const long long rest = whole % kMinute;
    return rest == 0 ? fmt::format("{} min", minutes) : fmt::format("{} min {} s", minutes, rest);
  }
  return minutes == 0 ? fmt::format("{} h", whole / kHour)
                      : fmt::format("{} h {} min", whole / kHour, minutes);
}

std::string value_text(const PlotPoint& point, Plot::Unit unit) {
  if (!is_known(point.value)) return "not known";
  if (unit == Plot::Unit::kSeconds) return seconds_text(*point.value);
  constexpr double kMost = 1e18;  // below 2^64
  return human_bytes(static_cast<std::uint64_t>(std::min(*point.value, kMost)));
}

std::vector<PlotPoint> thinned(const std::vector<PlotPoint>& points, std::size_t most) {
  if (points.size() <= most || most == 0) return points;
  std::vector<PlotPoint> kept;
  for (std::size_t i = 0; i < most; ++i) {
    const std::size_t begin = i * points.size() / most;
    const std::size_t end = (i + 1) * points.size() / most;
    std::size_t chosen = end - 1;
    for (std::size_t at = begin; at < end; ++at) {
      if (points[at].is_marked) chosen = at;
    }
    kept.push_back(points[chosen]);
  }
  kept.back() = points.back();
  return kept;
}

std::string plot_svg(const Plot& plot) {
  return plot.points.empty() ? std::string() : Drawing(plot).draw();
}

std::string sparkline_svg(const std::vector<double>& values) {
  constexpr std::size_t kMost = 24;
  constexpr double kSparkWidth = 60;
  constexpr double kSparkTop = 2;
  constexpr double kSparkBottom = 14;
  const std::size_t count = std::min(values.size(), kMost);
  if (count < 2) return "";
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const double range = *high - *low;
  std::string points;
  for (std::size_t i = 0; i < count; ++i) {
    const double value = values[i * (values.size() - 1) / (count - 1)];
    const double part = range > 0 ? (value - *low) / range : 0.5;
    points += fmt::format("{}{:.3g},{:.3g}", i == 0 ? "" : " ",
                          static_cast<double>(i) / static_cast<double>(count - 1) * kSparkWidth,
                          kSparkBottom - part * (kSparkBottom - kSparkTop));
  }
  return "<svg class=\"spark\" viewBox=\"0 0 60 16\" aria-hidden=\"true\"><polyline fill=\"none\" "
         "points=\"" +
         points + "\"/></svg>";
}

}  // namespace repo
