// The report as a document.
#include "reporter/report_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/reporter/render_support.h"

namespace repo {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

Json json_of(const Report& report) { return Json::parse(report_json(report)); }

TEST(ReportJsonTest, AGoodReport) {
  const Json document = json_of(test::rendered_good_report());
  EXPECT_EQ(document["format"], "repo-backup/report");
  EXPECT_EQ(document["version"], 1);
  EXPECT_EQ(document["host"], "web1");
  EXPECT_EQ(document["dir"], "/var/data_backup");
  EXPECT_EQ(document["time"], "2026-03-10T06:00:00Z");
  EXPECT_EQ(document["state"], "ok");
  EXPECT_EQ(document["headline"], test::rendered_good_report().headline);
  EXPECT_EQ(document["last_good_run"], "2026-03-10T04:00:00Z");
  EXPECT_EQ(document["findings"], Json::array());
  EXPECT_FALSE(document.contains("test"));
  ASSERT_EQ(document["runs"].size(), 1u);
  EXPECT_EQ(document["runs"][0]["run"], "20260310T035900Z");
  EXPECT_EQ(document["runs"][0]["state"], "ended");
  EXPECT_EQ(document["runs"][0]["exit_status"], 0);
  EXPECT_EQ(document["runs"][0]["copied"], 2);
  ASSERT_EQ(document["items"].size(), 2u);
  const Json& item = document["items"][0];
  EXPECT_EQ(item["id"], "srv/a-id");
  EXPECT_EQ(item["kind"], "svn");
  EXPECT_EQ(item["path"], "/srv/a");
  EXPECT_FALSE(item.contains("path_b64"));
  EXPECT_EQ(item["state"], "ok");
  EXPECT_EQ(item["last_outcome"], "copied");
  EXPECT_EQ(item["last_success"], "2026-03-10T04:00:00Z");
  EXPECT_EQ(item["last_restore_proof"], "2026-03-10T05:00:00Z");
  EXPECT_EQ(item["last_drill"]["state"], "passed");
  EXPECT_EQ(item["bytes"], 1000);
  EXPECT_EQ(item["sizes"].size(), 1u);
  EXPECT_EQ(item["findings"], Json::array());
}

TEST(ReportJsonTest, AFailureHasItsReason) {
  const Json document = json_of(test::rendered_failed_report());
  EXPECT_EQ(document["state"], "failed");
  const Json& item = document["items"][0];
  EXPECT_EQ(item["state"], "failed");
  EXPECT_EQ(item["last_outcome"], "failed");
  ASSERT_EQ(item["findings"].size(), 1u);
  EXPECT_EQ(item["findings"][0]["severity"], "failed");
  EXPECT_EQ(item["findings"][0]["what"], "failed");
  EXPECT_EQ(item["findings"][0]["text"], "svnadmin: E160004: broken");
  EXPECT_EQ(item["findings"][0]["output"], "first\nE160004: broken\n");
}

TEST(ReportJsonTest, ANoteIsNoFailure) {
  Records records = test::good_records();
  records.items[0].proof = Proof();
  const Json document = json_of(test::report_of(records));
  EXPECT_EQ(document["state"], "ok");
  EXPECT_EQ(document["items"][0]["state"], "ok");
  EXPECT_EQ(document["items"][0]["findings"][0]["severity"], "note");
  EXPECT_FALSE(document["items"][0].contains("last_restore_proof"));
}

TEST(ReportJsonTest, ATestSaysSo) { EXPECT_EQ(json_of(test::test_report())["test"], true); }

TEST(ReportJsonTest, WhatIsNotKnownIsNotThere) {
  const Json document =
      json_of(make_report(system_error("open", "/d", ENOENT), "/d", test::kNow, "web1"));
  EXPECT_EQ(document["state"], "failed");
  EXPECT_FALSE(document.contains("last_good_run"));
  EXPECT_FALSE(document["coverage"].contains("scanned"));
  EXPECT_EQ(document["findings"][0]["what"], "unknown");
}

TEST(ReportJsonTest, CoverageNamesEveryPath) {
  Records records = test::good_records();
  records.manifest->complete = false;
  records.manifest->errors = {plain_error("open", "/srv/\xff", "no\x1b")};
  records.manifest->pruned = {{"/mnt/\xff", "nfs4", true}};
  records.manifest->items.push_back(test::found("/srv/new\xff"));
  records.manifest_before =
      test::manifest_of(26h, {test::found("/srv/a"), test::found("/srv/old")});
  records.manifest_before->items[1].repository.inode = 7;  // else it may have been moved
  const Json coverage = json_of(test::report_of(records))["coverage"];
  EXPECT_EQ(coverage["complete"], false);
  EXPECT_EQ(coverage["unreadable"][0]["path_b64"], base64_encode("/srv/\xff"));
  EXPECT_EQ(coverage["unreadable"][0]["op"], "open");
  EXPECT_EQ(coverage["not_looked_at"][0]["path_b64"], base64_encode("/mnt/\xff"));
  EXPECT_EQ(coverage["not_looked_at"][0]["why"], "nfs4");
  EXPECT_EQ(coverage["not_dumped"][0]["path_b64"], base64_encode("/srv/new\xff"));
  EXPECT_EQ(coverage["new"].size(), 2u);
  EXPECT_EQ(coverage["gone"], Json::array()) << "a scan that is not complete does not tell";
  records.manifest->complete = true;
  records.manifest->errors.clear();
  EXPECT_EQ(json_of(test::report_of(records))["coverage"]["gone"],
            Json::array({{{"path", "/srv/old"}}}));
}

TEST(ReportJsonTest, NamesFromOutsideStayWhatTheyAre) {
  const std::string text = report_json(test::nasty_report());
  EXPECT_TRUE(is_utf8(text));
  const Json document = Json::parse(text);
  EXPECT_EQ(document["dir_b64"], base64_encode(test::kNasty));
  std::size_t exact = 0;
  for (const Json& item : document["items"]) {
    exact += item.value("path_b64", "") == base64_encode(test::kNasty) ? 1 : 0;
  }
  EXPECT_EQ(exact, 1u);
}

TEST(ReportJsonTest, ItHasAllItems) {
  EXPECT_EQ(json_of(test::many_failures())["items"].size(), 5000u);
}

}  // namespace
}  // namespace repo
