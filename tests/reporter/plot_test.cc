// Plots: where points come to lie, what the axes say, and that no value can break them.
#include "reporter/plot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/support/markup_check.h"
#include "tests/support/table.h"

namespace repo {
namespace {

using std::chrono::days;
using std::chrono::hours;
using test::broken_markup;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const UtcTime kBegin = *parse_rfc3339("2026-01-01T00:00:00Z");

Plot plot_of(std::vector<std::optional<double>> values, Plot::Unit unit = Plot::Unit::kBytes) {
  Plot plot{"id", "Size <of> \"it\"", unit, true, {}};
  for (std::size_t i = 0; i < values.size(); ++i) {
    plot.points.push_back({kBegin + days(i), values[i]});
  }
  return plot;
}

TEST(PlotTest, NothingIsNoPlot) { EXPECT_THAT(plot_svg(plot_of({})), IsEmpty()); }

TEST(PlotTest, PointsLieInTheFrameFromOldToNewAndLargeIsUp) {
  const std::string svg = plot_svg(plot_of({0, 1024, 4096}));
  EXPECT_THAT(svg, HasSubstr("points=\"66.0,170.0 228.0,130.5 390.0,12.0\""));
  EXPECT_THAT(broken_markup(svg), IsEmpty());
}

TEST(PlotTest, AxesBeginAtZeroAndNameTheirUnit) {
  const std::string svg = plot_svg(plot_of({3.0 * 1024 * 1024, 1, 8.0 * 1024 * 1024, 1}));
  for (const char* label : {">0<", ">2 MiB<", ">8 MiB<", ">2026-01-01<", ">2026-01-04<"}) {
    EXPECT_THAT(svg, HasSubstr(label));
  }
}

TEST(PlotTest, DurationsHaveStepsOfAClock) {
  const std::string svg = plot_svg(plot_of({0, 3300}, Plot::Unit::kSeconds));
  for (const char* label : {">0 s<", ">15 min<", ">30 min<", ">45 min<", ">1 h<"}) {
    EXPECT_THAT(svg, HasSubstr(label));
  }
}

TEST(PlotTest, WordsSayWhatIsToBeSeen) {
  Plot plot = plot_of({1024, std::nullopt, 2048});
  plot.points[1].is_marked = true;
  const std::string svg = plot_svg(plot);
  EXPECT_THAT(svg, HasSubstr("role=\"img\" aria-labelledby=\"id-t id-d\""));
  EXPECT_THAT(svg, HasSubstr("<title id=\"id-t\">Size &lt;of&gt; &quot;it&quot;</title>"));
  EXPECT_THAT(svg, HasSubstr("3 points from 2026-01-01T00:00:00Z to 2026-01-03T00:00:00Z: lowest "
                             "1.0 KiB, highest 2.0 KiB, last 2.0 KiB; 1 marked with a cross."));
}

TEST(PlotTest, WhatWentWrongIsACrossAndWithoutAValueOnTheAxis) {
  Plot plot = plot_of({1024, std::nullopt, 1024});
  plot.points[1].is_marked = true;
  plot.points[1].note = "DIED <b>";
  const std::string svg = plot_svg(plot);
  EXPECT_THAT(svg, HasSubstr("<path class=\"bad\" fill=\"none\" d=\"M224.0 166.0l8 8m0 -8l-8 8\">"
                             "<title>2026-01-02T00:00:00Z: not known, DIED &lt;b&gt;</title>"));
  EXPECT_THAT(svg, HasSubstr("points=\"66.0,12.0 390.0,12.0\""));  // the line leaves it out
}

TEST(PlotTest, NoValueBreaksIt) {
  constexpr double kLimits[] = {std::numeric_limits<double>::infinity(),
                                -std::numeric_limits<double>::infinity(),
                                std::numeric_limits<double>::quiet_NaN(),
                                std::numeric_limits<double>::max(),
                                std::numeric_limits<double>::denorm_min(),
                                -1,
                                0,
                                1.8446744073709552e19};
  for (const double value : kLimits) {
    for (const Plot::Unit unit : {Plot::Unit::kBytes, Plot::Unit::kSeconds}) {
      for (const Plot& plot : {plot_of({value}, unit), plot_of({1, value, 2}, unit)}) {
        const std::string svg = plot_svg(plot);
        SCOPED_TRACE(testing::Message() << value << "\n" << svg);
        EXPECT_THAT(broken_markup(svg), IsEmpty());
        EXPECT_THAT(svg, Not(HasSubstr("nan")));
        EXPECT_THAT(svg, Not(HasSubstr("inf")));
        EXPECT_LT(svg.size(), 10000U);
      }
    }
  }
}

TEST(PlotTest, PointsOfOneMomentAreInTheMiddle) {
  Plot plot = plot_of({1, 2});
  plot.points[1].time = plot.points[0].time;
  const std::string svg = plot_svg(plot);
  EXPECT_THAT(svg, HasSubstr("cx=\"228.0\""));
  EXPECT_THAT(svg, HasSubstr(">01-01 00:00<"));
}

TEST(PlotTest, SecondsAreForPeople) {
  struct Case {
    double seconds;
    const char* text;
  };
  for (const auto& [seconds, text] :
       {Case{0, "0 s"}, Case{0.0123, "0.012 s"}, Case{0.5, "0.5 s"}, Case{9.94, "9.9 s"},
        Case{9.99, "10 s"}, Case{59.4, "59 s"}, Case{59.6, "1 min"}, Case{61, "1 min 1 s"},
        Case{3599.7, "1 h"}, Case{3660, "1 h 1 min"}, Case{360000, "100 h"},
        Case{-1, "not known"}}) {
    EXPECT_EQ(seconds_text(seconds), text) << seconds;
  }
}

TEST(ThinnedTest, FewStayAsTheyAre) { EXPECT_EQ(thinned(plot_of({1, 2, 3}).points, 3).size(), 3U); }

TEST(ThinnedTest, ManyAreFewWithAllThatWentWrongAndTheLast) {
  std::vector<PlotPoint> points = plot_of(std::vector<std::optional<double>>(1000, 1.0)).points;
  points[0].is_marked = points[555].is_marked = true;
  const std::vector<PlotPoint> kept = thinned(points, 10);
  ASSERT_EQ(kept.size(), 10U);
  EXPECT_EQ(kept[0].time, points[0].time);
  EXPECT_EQ(kept[5].time, points[555].time);
  EXPECT_EQ(kept[9].time, points[999].time);
}

TEST(SparklineTest, OneValueIsNoCourse) {
  EXPECT_THAT(sparkline_svg({}), IsEmpty());
  EXPECT_THAT(sparkline_svg({5}), IsEmpty());
}

TEST(SparklineTest, FromLowestToHighestAndFlatInTheMiddle) {
  EXPECT_THAT(sparkline_svg({1, 3, 2}), HasSubstr("points=\"0,14 30,2 60,8\""));
  EXPECT_THAT(sparkline_svg({7, 7}), HasSubstr("points=\"0,8 60,8\""));
}

TEST(SparklineTest, ManyValuesStaySmallAndKeepTheEnds) {
  std::vector<double> values(1000, 1);
  values.back() = 2;
  const std::string svg = sparkline_svg(values);
  EXPECT_LT(svg.size(), 400U);
  EXPECT_THAT(svg, HasSubstr("60,2\""));
  EXPECT_THAT(broken_markup(svg), IsEmpty());
}

}  // namespace
}  // namespace repo
