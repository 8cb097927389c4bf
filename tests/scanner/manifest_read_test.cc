// Reading a manifest: what was written comes back, and everything else is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/bytes_path.h"
#include "scanner/item_id.h"
#include "scanner/manifest.h"
#include "tests/scanner/manifest_fixture.h"
#include "tests/support/table.h"

namespace repo {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

// --- reading what was written ---

TEST(ReadManifestTest, WhatWasWrittenComesBack) {
  ScanResult result = two_repositories();
  result.repositories.push_back(svn("/caf\xE9\n"));
  const Result<Manifest> read =
      read_manifest(write_manifest(header({"/caf\xE9\n", "/home", "/srv"}), result));
  ASSERT_TRUE(read) << describe(read.error());
  EXPECT_EQ(read->host, "web1");
  EXPECT_TRUE(read->complete);
  EXPECT_THAT(read->roots, ElementsAre("/caf\xE9\n", "/home", "/srv"));
  ASSERT_EQ(read->items.size(), 3U);
  const ManifestItem& first = read->items[0];
  EXPECT_EQ(first.id, make_item_id("/caf\xE9\n"));
  EXPECT_EQ(first.repository.path, "/caf\xE9\n");
  EXPECT_EQ(first.repository.store, "/caf\xE9\n");
  const Repository& second = read->items[1].repository;
  EXPECT_EQ(second.kind, "hg");
  EXPECT_EQ(second.store, "/home/a/clone/.hg");
  EXPECT_EQ(second.mode, 02755U);
  const Repository& third = read->items[2].repository;
  EXPECT_EQ(third.device, 65024U);
  EXPECT_EQ(third.inode, 131073U);
  EXPECT_EQ(third.uid, 1234U);
  EXPECT_EQ(third.gid, 1235U);
  EXPECT_EQ(third.mode, 0750U);
  EXPECT_EQ(read->started, header().started);
  EXPECT_EQ(read->finished, header().finished);
}

TEST(ReadManifestTest, KindsOfUsersComeBack) {
  ManifestHeader written = header();
  written.user_kinds = {{"sqlite", {"/home", "/srv/caf\u00E9"}}, {"zodb", {}}};
  const Result<Manifest> read = read_manifest(write_manifest(written, two_repositories()));
  ASSERT_TRUE(read) << describe(read.error());
  ASSERT_EQ(read->user_kinds.size(), 2U);
  EXPECT_EQ(read->user_kinds[0].name, "sqlite");
  EXPECT_THAT(read->user_kinds[0].paths, ElementsAre("/home", "/srv/caf\u00E9"));
  EXPECT_EQ(read->user_kinds[1].name, "zodb");
  EXPECT_THAT(read->user_kinds[1].paths, ElementsAre());
  EXPECT_TRUE(looked_for(*read, "svn", "/x"));
  EXPECT_TRUE(looked_for(*read, "zodb", "/x"));
  EXPECT_TRUE(looked_for(*read, "sqlite", "/home/a"));
  EXPECT_FALSE(looked_for(*read, "sqlite", "/home2"));
  EXPECT_FALSE(looked_for(*read, "mariadb", "/home"));
}

TEST(ReadManifestTest, TheLargestNumbersComeBack) {
  Repository repository = svn("/a");
  repository.device = repository.inode = UINT64_MAX;
  repository.uid = repository.gid = UINT32_MAX;
  repository.mode = 07777;
  ScanResult result;
  result.repositories = {repository};
  const Result<Manifest> read = read_manifest(write_manifest(header(), result));
  ASSERT_TRUE(read) << describe(read.error());
  const Repository& item = read->items[0].repository;
  EXPECT_EQ(item.device, UINT64_MAX);
  EXPECT_EQ(item.inode, UINT64_MAX);
  EXPECT_EQ(item.uid, UINT32_MAX);
  EXPECT_EQ(item.gid, UINT32_MAX);
  EXPECT_EQ(item.mode, 07777U);
}

TEST(ReadManifestTest, AnIncompleteScanWithoutRepositoriesIsRead) {
  const Result<Manifest> read = read_manifest(write_manifest(header(), ScanResult()));
  ASSERT_TRUE(read) << describe(read.error());
  EXPECT_FALSE(read->complete);
  EXPECT_TRUE(read->items.empty());
}

TEST(ReadManifestTest, M6_FieldsThatThisVersionDoesNotKnowAreIgnored) {
  Json document = parsed(write_manifest(header(), two_repositories()));
  document["later"] = {{"deep", {1, 2, 3}}};
  document["repositories"][0]["later"] = "x";
  const Result<Manifest> read = read_manifest(document.dump());
  ASSERT_TRUE(read) << describe(read.error());
  EXPECT_EQ(read->items.size(), 2U);
}

TEST(ReadManifestTest, M6_AKindThatIsNotKnownIsTheItemsMatter) {
  Json document = parsed(write_manifest(header(), two_repositories()));
  document["repositories"][0]["kind"] = "fossil";
  const Result<Manifest> read = read_manifest(document.dump());
  ASSERT_TRUE(read) << describe(read.error());
  EXPECT_EQ(read->items[0].repository.kind, "fossil");
}

TEST(ReadManifestTest, M3_ItemsThatShareAnIdAreBothGiven) {
  Json document = parsed(write_manifest(header(), two_repositories()));
  document["repositories"].push_back(document["repositories"][0]);
  const Result<Manifest> read = read_manifest(document.dump());
  ASSERT_TRUE(read) << describe(read.error());
  EXPECT_EQ(read->items.size(), 3U);
}

// --- refusals: each names the field ---

using Change = std::function<void(Json& document)>;

struct RefusalCase : test::NamedCase {
  Change change;
  std::string named;  // how the message begins
};

class ManifestRefusalTest : public testing::TestWithParam<RefusalCase> {};

TEST_P(ManifestRefusalTest, NamesTheField) {
  Json document = parsed(write_manifest(header(), two_repositories()));
  GetParam().change(document);
  const Result<Manifest> read = read_manifest(document.dump());
  ASSERT_FALSE(read) << "taken";
  EXPECT_THAT(read.error().message, StartsWith(GetParam().named));
}

// Each field that must be there: gone, and of another type.
std::vector<RefusalCase> required_fields() {
  struct Field {
    const char* key;
    Json other;  // of a wrong type
  };
  std::vector<RefusalCase> cases;
  const std::vector<Field> top = {{"format", 1},        {"version", "1"},
                                  {"tool", 1},          {"host", 7},
                                  {"started", 17},      {"finished", false},
                                  {"roots", "/"},       {"complete", 1},
                                  {"stats", "many"},    {"repositories", Json::object()},
                                  {"pointers", "none"}, {"pruned", Json::object()},
                                  {"errors", 0}};
  for (const Field& field : top) {
    const std::string key = field.key;
    cases.push_back({key + "_missing", [=](Json& document) { document.erase(key); }, key});
    cases.push_back({key + "_mistyped", [=](Json& document) { document[key] = field.other; }, key});
    cases.push_back({key + "_null", [=](Json& document) { document[key] = nullptr; }, key});
  }
  const std::vector<Field> item = {
      {"id", 5},      {"kind", 1}, {"path", Json::array()}, {"store", 1},  {"device", "1"},
      {"inode", 1.5}, {"uid", -1}, {"gid", true},           {"mode", 488}, {"detail", "x"}};
  for (const Field& field : item) {
    const std::string key = field.key;
    const std::string named = "repositories[1]." + key;
    cases.push_back({"item_" + key + "_missing",
                     [=](Json& document) { document["repositories"][1].erase(key); }, named});
    cases.push_back({"item_" + key + "_mistyped",
                     [=](Json& document) { document["repositories"][1][key] = field.other; },
                     named});
    cases.push_back({"item_" + key + "_null",
                     [=](Json& document) { document["repositories"][1][key] = nullptr; }, named});
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(RequiredFields, ManifestRefusalTest, testing::ValuesIn(required_fields()),
                         test::case_name);

// The second item, with another path everywhere and the id that fits it.
Change path(const std::string& text) {
  return [=](Json& document) {
    Json& item = document["repositories"][1];
    item["path"] = item["store"] = text;
    item["id"] = make_item_id(text);
  };
}

Change item(const std::string& key, const Json& value) {
  return [=](Json& document) { document["repositories"][1][key] = value; };
}

Change top(const std::string& key, const Json& value) {
  return [=](Json& document) { document[key] = value; };
}

INSTANTIATE_TEST_SUITE_P(
    Documents, ManifestRefusalTest,
    testing::Values(
        RefusalCase{"M6_another_format", top("format", "repo-backup/item"), "format"},
        RefusalCase{"M6_version_2", top("version", 2), "version"},
        RefusalCase{"M6_version_0", top("version", 0), "version"},
        RefusalCase{"M6_version_negative", top("version", -1), "version"},
        RefusalCase{"M6_version_1_and_a_half", top("version", 1.5), "version"},
        RefusalCase{"root_is_no_text", top("roots", {"/", 1}), "roots[1]"},
        RefusalCase{"root_is_relative", top("roots", {"srv"}), "roots[0]"},
        RefusalCase{"M4_root_with_parent", top("roots", {"/srv/.."}), "roots[0]"},
        RefusalCase{"roots_b64_is_no_list", top("roots_b64", "Lw=="), "roots_b64"},
        RefusalCase{"roots_b64_is_shorter", top("roots_b64", Json::array()), "roots_b64"},
        RefusalCase{"roots_b64_is_no_base64", top("roots_b64", {"?"}), "roots_b64[0]"},
        RefusalCase{"roots_b64_is_no_text", top("roots_b64", {1}), "roots_b64[0]"},
        RefusalCase{"roots_b64_does_not_fit", top("roots_b64", {base64_encode("/x")}),
                    "roots_b64[0]"},
        RefusalCase{"pruned_is_no_object", top("pruned", {"/proc"}), "pruned[0]"},
        RefusalCase{"pruned_without_path", top("pruned", {{{"why", "proc"}}}), "pruned[0].path"},
        RefusalCase{"pruned_without_why", top("pruned", {{{"path", "/proc"}}}), "pruned[0].why"},
        RefusalCase{"error_is_no_object", top("errors", {"/x"}), "errors[0]"},
        RefusalCase{"error_without_op",
                    top("errors", {{{"path", "/x"}, {"errno", 2}, {"message", "m"}}}),
                    "errors[0].op"},
        RefusalCase{
            "errno_is_negative",
            top("errors", {{{"path", "/x"}, {"op", "open"}, {"errno", -2}, {"message", "m"}}}),
            "errors[0].errno"},
        RefusalCase{"item_is_no_object",
                    [](Json& document) { document["repositories"][1] = "/srv"; },
                    "repositories[1]"},
        RefusalCase{"no_object", [](Json& document) { document = Json::array(); }, "manifest"},
        RefusalCase{"null", [](Json& document) { document = nullptr; }, "manifest"}),
    test::case_name);

INSTANTIATE_TEST_SUITE_P(
    Items, ManifestRefusalTest,
    testing::Values(
        RefusalCase{"M4_relative_path", path("srv/a"), "repositories[1].path"},
        RefusalCase{"M4_empty_path", path(""), "repositories[1].path"},
        RefusalCase{"M4_parent", path("/srv/../etc"), "repositories[1].path"},
        RefusalCase{"M4_parent_at_the_end", path("/srv/.."), "repositories[1].path"},
        RefusalCase{"M4_dot", path("/srv/./a"), "repositories[1].path"},
        RefusalCase{"M4_doubled_slash", path("//srv"), "repositories[1].path"},
        RefusalCase{"M4_trailing_slash", path("/srv/"), "repositories[1].path"},
        RefusalCase{"M4_nul", path(std::string("/srv\0/a", 7)), "repositories[1].path"},
        RefusalCase{"M11_like_an_option", path("-rf"), "repositories[1].path"},
        RefusalCase{"id_of_another_path", item("id", make_item_id("/srv/svn/beta")),
                    "repositories[1].id"},
        RefusalCase{"M4_id_with_slash", item("id", "../../etc"), "repositories[1].id"},
        RefusalCase{"empty_id", item("id", ""), "repositories[1].id"},
        RefusalCase{"path_that_does_not_fit_the_id", item("path", "/srv/svn/beta"),
                    "repositories[1].id"},
        RefusalCase{"M4_store_outside_the_path", item("store", "/etc"), "repositories[1].store"},
        RefusalCase{"M4_store_beside_the_path", item("store", "/srv/svn/alpha2"),
                    "repositories[1].store"},
        RefusalCase{"M4_store_above_the_path", item("store", "/srv"), "repositories[1].store"},
        RefusalCase{"M4_store_through_parent", item("store", "/srv/svn/alpha/../../x"),
                    "repositories[1].store"},
        RefusalCase{"relative_store", item("store", ".hg"), "repositories[1].store"},
        RefusalCase{"path_b64_is_no_base64", item("path_b64", "?"), "repositories[1].path_b64"},
        RefusalCase{"path_b64_is_no_text", item("path_b64", 1), "repositories[1].path_b64"},
        RefusalCase{"path_b64_of_another_path", item("path_b64", base64_encode("/etc")),
                    "repositories[1].path_b64"},
        RefusalCase{"path_b64_that_reads_alike_but_has_another_id",
                    [](Json& document) {
                      Json& it = document["repositories"][1];
                      it["path"] = it["store"] = "/caf\uFFFD";
                      it["path_b64"] = it["store_b64"] = base64_encode("/caf\xE9");
                      it["id"] = make_item_id("/caf\xE8");
                    },
                    "repositories[1].id"},
        RefusalCase{"M4_path_b64_with_parent",
                    [](Json& document) {
                      Json& it = document["repositories"][1];
                      it["path"] = it["store"] = "/\uFFFD/../etc";
                      it["path_b64"] = it["store_b64"] = base64_encode("/\xFF/../etc");
                      it["id"] = make_item_id("/\xFF/../etc");
                    },
                    "repositories[1].path_b64"},
        RefusalCase{"replacement_character_without_path_b64_is_another_path",
                    [](Json& document) {
                      Json& it = document["repositories"][1];
                      it["path"] = it["store"] = "/caf\uFFFD";
                      it["id"] = make_item_id("/caf\xE9");
                    },
                    "repositories[1].id"},
        RefusalCase{"store_b64_of_another_path", item("store_b64", base64_encode("/etc")),
                    "repositories[1].store_b64"},
        RefusalCase{"uid_too_large", item("uid", 4294967296ULL), "repositories[1].uid"},
        RefusalCase{"gid_too_large", item("gid", 4294967296ULL), "repositories[1].gid"},
        RefusalCase{"device_negative", item("device", -1), "repositories[1].device"},
        RefusalCase{"inode_above_64_bits", item("inode", 1e30), "repositories[1].inode"},
        RefusalCase{"mode_is_decimal", item("mode", "0958"), "repositories[1].mode"},
        RefusalCase{"mode_is_short", item("mode", "755"), "repositories[1].mode"},
        RefusalCase{"mode_is_long", item("mode", "00755"), "repositories[1].mode"},
        RefusalCase{"mode_is_negative", item("mode", "-755"), "repositories[1].mode"},
        RefusalCase{"mode_with_blank", item("mode", " 755"), "repositories[1].mode"},
        RefusalCase{"empty_mode", item("mode", ""), "repositories[1].mode"}),
    test::case_name);

TEST(ReadManifestTest, M5_ManyItemsAreRead) {
  ScanResult result;
  for (int i = 0; i < 5000; ++i) result.repositories.push_back(hg("/srv/" + std::to_string(i)));
  const Result<Manifest> read = read_manifest(write_manifest(header(), result));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->items.size(), 5000U);
}

TEST(ReadManifestTest, M4_APathOfAMegabyteIsAPath) {
  std::string long_path;
  while (long_path.size() < 1'000'000) long_path += "/" + std::string(200, 'p');
  ScanResult result;
  result.repositories = {hg(long_path)};
  const Result<Manifest> read = read_manifest(write_manifest(header(), result));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->items[0].repository.path, long_path);
}

}  // namespace
}  // namespace repo
