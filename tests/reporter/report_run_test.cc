// Reports one after another, as a night's script makes them.
#include "reporter/report_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>

#include "dumper/run_log.h"
#include "reporter/told.h"
#include "tests/support/dump_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using testing::HasSubstr;

class ReportRunTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(test::open_root(dir_));
    options_.from = dir_;
    for (const char* channel : kChannels) options_.when[channel] = When::kAlways;
  }
  int report() {
    std::FILE* out = std::tmpfile();
    std::FILE* err = std::tmpfile();
    const int code = run_report(options_, out, err);
    err_ = text_of(err);
    out_ = text_of(out);
    return code;
  }
  static std::string text_of(std::FILE* file) {
    std::rewind(file);
    std::string text(1 << 20, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), file));
    std::fclose(file);
    return text;
  }
  // Whether a channel that writes a file writes it.
  bool is_written(const std::string& path) {
    std::filesystem::remove(path);
    report();
    return test::exists(path);
  }

  test::TempDir tree_;
  std::string dir_ = tree_ / "dump";
  ReportOptions options_;
  std::string out_;
  std::string err_;
};

TEST_F(ReportRunTest, OnChangeAFileIsWrittenOnce) {
  options_.outputs.prometheus = tree_ / "x.prom";
  options_.when["prometheus"] = When::kChange;
  EXPECT_TRUE(is_written(options_.outputs.prometheus));
  EXPECT_FALSE(is_written(options_.outputs.prometheus));
}

TEST_F(ReportRunTest, WhatAnotherChannelOwesIsNoChangeOfTheState) {
  options_.outputs.prometheus = tree_ / "x.prom";
  options_.when["prometheus"] = When::kChange;
  EXPECT_TRUE(is_written(options_.outputs.prometheus));
  ASSERT_TRUE(update_told(dir_, [](Told& told) {
    told.channels["mail x"] = {"mail to x", "", std::nullopt, utc_now(), utc_now(), "no"};
  }));
  EXPECT_FALSE(is_written(options_.outputs.prometheus));
  EXPECT_FALSE(is_written(options_.outputs.prometheus));
  EXPECT_THAT(err_ + out_, testing::Not(HasSubstr("cannot")));
}

TEST_F(ReportRunTest, HowToolsEndedStaysKnownWhateverTheyAreCalled) {
  options_.ended = {{"repo-scan\xff\n\x1b[31m", 1}};
  report();
  options_.ended.clear();
  report();
  EXPECT_THAT(out_, HasSubstr("repo-scan"));
  EXPECT_EQ(out_.find('\x1b'), std::string::npos) << out_;
  EXPECT_EQ(out_.find('\xff'), std::string::npos) << out_;
}

}  // namespace
}  // namespace repo
