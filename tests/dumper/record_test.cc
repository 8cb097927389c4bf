// The documents of repo-dump.
#include "dumper/record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "tests/dumper/record_fixture.h"
#include "tests/support/table.h"

namespace repo {
namespace {

TEST(ItemRecordTest, IsTheDocumentThatTheSchemaDescribes) {
  const Json document = parsed(write_item_record(record()));
  EXPECT_EQ(document["format"], "repo-backup/item");
  EXPECT_EQ(document["version"], 1);
  EXPECT_EQ(document["id"], "srv-svn-alpha-0123");
  EXPECT_EQ(document["kind"], "svn");
  EXPECT_EQ(document["host"], "web1");
  EXPECT_EQ(document["generation"], "20260131T235959Z");
  EXPECT_EQ(document["source"], (Json{{"path", "/srv/svn/alpha"},
                                      {"store", "/srv/svn/alpha"},
                                      {"device", 65024},
                                      {"inode", UINT64_MAX},
                                      {"uid", 1234},
                                      {"gid", 4294967294U},
                                      {"mode", "2750"}}));
  EXPECT_EQ(document["fingerprint"], (Json{{"uuid", "u-1"}, {"revision", 123}}));
  EXPECT_EQ(document["verified"],
            (Json{{"whole", "1970-01-01T00:00:00Z"}, {"by", "svnadmin"}, {"version", "1.14.2"}}));
  EXPECT_EQ(document["lock_ms"], 7.499);
  EXPECT_EQ(
      document["totals"],
      (Json{{"files", 10}, {"directories", 20}, {"links", 30}, {"bytes", 40}, {"shared", 5}}));
  EXPECT_EQ(document["copied_whole"], "1970-01-01T00:01:00Z");
  EXPECT_EQ(document["looks"], (Json{{"source", "cc"}, {"copy", "dd"}}));
  EXPECT_EQ(document["sha256"], (Json{{"SHA256SUMS", "aa"}, {"owners", "bb"}, {"links", "ll"}}));
  EXPECT_EQ(document["notes"], Json::array({"a note"}));
}

TEST(ItemRecordTest, WhatIsNotThereIsLeftOut) {
  ItemRecord bare = record();
  bare.lock_seconds.reset();
  bare.notes.clear();
  bare.fingerprint.clear();
  const Json document = parsed(write_item_record(bare));
  EXPECT_FALSE(document.contains("lock_ms"));
  EXPECT_FALSE(document.contains("frozen"));
  EXPECT_FALSE(document.contains("missing"));
  EXPECT_FALSE(document["verified"].contains("new"));
  EXPECT_FALSE(document["source"].contains("path_b64"));
  EXPECT_EQ(document["notes"], Json::array());
  EXPECT_EQ(document["fingerprint"], Json::object());
}

TEST(ItemRecordTest, D18_APathThatIsNoTextIsKeptExactly) {
  ItemRecord odd = record();
  odd.source.path = "/srv/\xff\n\"";
  odd.source.store = "/srv/\xff\n\"/.hg";
  const Json document = parsed(write_item_record(odd));
  EXPECT_EQ(document["source"]["path"], "/srv/\uFFFD\n\"");
  EXPECT_EQ(document["source"]["path_b64"], "L3Nydi//CiI=");
  EXPECT_EQ(document["source"]["store_b64"], "L3Nydi//CiIvLmhn");
}

TEST(ItemRecordTest, TextOfToolsThatIsNoTextDoesNotBreakTheDocument) {
  ItemRecord odd = record();
  odd.tool_version = "1.\xff";
  odd.notes = {"note \xfe"};
  odd.fingerprint = {{"tip", "\xfd"}};
  odd.host = "h\xfc";
  const Json document = parsed(write_item_record(odd));
  EXPECT_EQ(document["verified"]["version"], "1.\uFFFD");
  EXPECT_EQ(document["notes"][0], "note \uFFFD");
  EXPECT_EQ(document["fingerprint"]["tip_b64"], "/Q==");
}

TEST(ItemRecordTest, WhatLaterRunsNeedComesBack) {
  const Result<GenerationSummary> summary = read_item_record(write_item_record(record()));
  ASSERT_TRUE(summary) << describe(summary.error());
  EXPECT_EQ(summary->generation, "20260131T235959Z");
  EXPECT_EQ(summary->bytes, 40U);
  EXPECT_EQ(summary->fingerprint, record().fingerprint);
  EXPECT_EQ(summary->verified_whole, at(0));
  EXPECT_EQ(summary->copied_whole, at(60));
  EXPECT_EQ(summary->source_look, "cc");
  EXPECT_EQ(summary->copy_look, "dd");
  EXPECT_THAT(summary->frozen, testing::IsEmpty());
}

TEST(ItemRecordTest, WhatWasVerifiedOfAnIncrementalNightComesBackAsTheLastOfTheWhole) {
  ItemRecord incremental = record();
  incremental.verified_new = at(7200);
  incremental.frozen = {"it shrank", "its uuid \xff changed"};
  incremental.missing = {"database a is not in this copy: it is locked"};
  const std::string text = write_item_record(incremental);
  EXPECT_EQ(parsed(text)["verified"]["whole"], "1970-01-01T00:00:00Z");
  EXPECT_EQ(parsed(text)["verified"]["new"], "1970-01-01T02:00:00Z");
  const Result<GenerationSummary> summary = read_item_record(text);
  ASSERT_TRUE(summary) << describe(summary.error());
  EXPECT_EQ(summary->verified_whole, at(0));
  EXPECT_THAT(summary->frozen, testing::ElementsAre("it shrank", "its uuid \uFFFD changed"));
  EXPECT_THAT(summary->missing, testing::ElementsAre(incremental.missing[0]));
}

// A change within the same tick of the clock as the look would not show in it.
TEST(ItemRecordTest, ALookThatIsNotSettledIsNotKept) {
  ItemRecord racy = record();
  for (const time_t newest : {98, 99, 100, 101}) {
    racy.source_look.newest = {newest, 0};
    EXPECT_EQ(parsed(write_item_record(racy))["looks"]["source"], "") << newest;
  }
  racy.source_look.newest = {97, 999'999'999};
  EXPECT_EQ(parsed(write_item_record(racy))["looks"]["source"], "cc");
}

// Of a version that knew none of it, or edited: nothing of it is relied on.
TEST(ItemRecordTest, WhatIsMissingOrOfAnotherTypeIsNotReliedOn) {
  for (const Json& odd : {Json(), Json(7), Json::object(), Json("x")}) {
    Json document = parsed(write_item_record(record()));
    for (const char* key : {"fingerprint", "verified", "copied_whole", "looks", "frozen"}) {
      document[key] = odd;
      if (odd.is_null()) document.erase(key);
    }
    const Result<GenerationSummary> summary = read_item_record(document.dump());
    ASSERT_TRUE(summary) << describe(summary.error());
    EXPECT_EQ(summary->bytes, 40U);
    EXPECT_THAT(summary->fingerprint, testing::IsEmpty());
    EXPECT_EQ(summary->verified_whole, std::nullopt);
    EXPECT_EQ(summary->copied_whole, std::nullopt);
    EXPECT_EQ(summary->source_look, "");
    EXPECT_EQ(summary->copy_look, "");
  }
}

TEST(ItemRecordTest, FieldsOfALaterVersionAreIgnored) {
  Json document = parsed(write_item_record(record()));
  document["what_comes_later"] = {{"a", 1}};
  EXPECT_TRUE(read_item_record(document.dump()));
}

TEST(ItemRecordTest, WhatRestoresNeedComesBack) {
  ItemRecord odd = record();
  odd.source.path = "/srv/\xff\n";
  odd.source.store = "/srv/\xff\n/.hg";
  const Result<GenerationSummary> summary = read_item_record(write_item_record(odd));
  ASSERT_TRUE(summary) << describe(summary.error());
  EXPECT_TRUE(summary->is_intact);
  EXPECT_EQ(summary->id, odd.id);
  EXPECT_EQ(summary->kind, "svn");
  EXPECT_EQ(summary->path, odd.source.path);
  EXPECT_EQ(summary->store, odd.source.store);
  EXPECT_EQ(summary->uid, 1234U);
  EXPECT_EQ(summary->gid, 4294967294U);
  EXPECT_EQ(summary->host, "web1");
  EXPECT_EQ(summary->totals.files, 10U);
  EXPECT_EQ(summary->totals.directories, 20U);
  EXPECT_EQ(summary->totals.links, 30U);
  EXPECT_EQ(summary->checksums_sha256, "aa");
  EXPECT_EQ(summary->owners_sha256, "bb");
  EXPECT_EQ(summary->links_sha256, "ll");
  EXPECT_THAT(summary->notes, testing::ElementsAre("a note"));
}

bool is_intact(const std::string& text) {
  const Result<GenerationSummary> summary = read_item_record(text);
  return summary && summary->is_intact;
}

// Whatever byte is another one, taken away or put there.
TEST(ItemRecordTest, R11_ARecordThatWasChangedAnywhereIsNotIntact) {
  const std::string text = write_item_record(record());
  ASSERT_TRUE(is_intact(text));
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (const char byte : {static_cast<char>(text[i] ^ 1), ' ', '0', '"', '\xff'}) {
      std::string changed = text;
      changed[i] = byte;
      EXPECT_EQ(is_intact(changed), changed == text) << i << ": " << changed;
    }
    std::string shorter = text;
    shorter.erase(i, 1);
    EXPECT_FALSE(is_intact(shorter)) << i;
    std::string longer = text;
    longer.insert(i, 1, ' ');
    EXPECT_FALSE(is_intact(longer)) << i;
  }
  EXPECT_FALSE(is_intact(text + "\n"));
  EXPECT_FALSE(is_intact(text.substr(0, text.size() - 1)));
}

// Of a version before there was a digest.
TEST(ItemRecordTest, ARecordWithoutADigestOfItselfCountsAsIntact) {
  Json document = parsed(write_item_record(record()));
  EXPECT_FALSE(is_intact(document.dump(1))) << "in another order";
  EXPECT_FALSE(is_intact(document.dump())) << "in other words";
  document.erase("record_sha256");
  EXPECT_FALSE(is_intact(document.dump())) << "it had one";
  document["sha256"].erase("links");
  EXPECT_TRUE(is_intact(document.dump()));
  EXPECT_TRUE(is_intact(document.dump(1)));
}

struct BadRecordCase : test::NamedCase {
  std::string pointer;  // what is replaced
  Json value;           // by this
  std::string named;
};

class ItemRecordRefusalTest : public testing::TestWithParam<BadRecordCase> {};

TEST_P(ItemRecordRefusalTest, SaysWhatIsWrong) {
  Json document = parsed(write_item_record(record()));
  const Json::json_pointer pointer(GetParam().pointer);
  document[pointer] = GetParam().value;
  const Result<GenerationSummary> summary = read_item_record(document.dump());
  ASSERT_FALSE(summary);
  EXPECT_THAT(describe(summary.error()), testing::HasSubstr(GetParam().named));
}

INSTANTIATE_TEST_SUITE_P(
    Fields, ItemRecordRefusalTest,
    testing::Values(
        BadRecordCase{"another_format", "/format", "repo-backup/run", "format"},
        BadRecordCase{"another_version", "/version", 2, "version"},
        BadRecordCase{"a_version_as_text", "/version", "1", "version"},
        BadRecordCase{"no_version", "/version", nullptr, "version"},
        BadRecordCase{"no_generation", "/generation", nullptr, "generation"},
        BadRecordCase{"a_generation_that_is_no_stamp", "/generation", "yesterday", "generation"},
        BadRecordCase{"a_generation_that_is_a_path", "/generation", "../../../etc", "generation"},
        BadRecordCase{"no_bytes", "/totals/bytes", nullptr, "totals.bytes"},
        BadRecordCase{"negative_bytes", "/totals/bytes", -1, "totals.bytes"},
        BadRecordCase{"totals_of_another_type", "/totals", 5, "totals.bytes"}),
    test::case_name);

class ItemRecordTextTest : public testing::TestWithParam<std::string> {};

TEST_P(ItemRecordTextTest, D10_WhatIsNoRecordIsAnErrorAndNeverAnException) {
  EXPECT_FALSE(read_item_record(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(Texts, ItemRecordTextTest,
                         testing::Values("", "{", "null", "[]", "\"text\"", "{}", "\xff", "7",
                                         R"({"format": [], "version": {}})",
                                         R"({"format": "repo-backup/item", "version": 1})"));

TEST(ItemRecordTest, D10_ARecordThatWasCutShortAnywhereIsAnError) {
  const std::string text = write_item_record(record());
  for (std::size_t length = 0; length + 2 < text.size(); ++length) {
    EXPECT_FALSE(read_item_record(text.substr(0, length))) << length;
  }
}

}  // namespace
}  // namespace repo
