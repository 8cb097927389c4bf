// What copies there are.
#include "dumper/copies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <optional>

#include "scanner/item_id.h"
#include "tests/support/child.h"
#include "tests/support/dump_support.h"
#include "tests/support/result_support.h"
#include "tests/support/table.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kA = "20260101T000000Z";
constexpr const char* kB = "20260102T000000Z";
constexpr const char* kC = "20260103T000000Z";

ItemRecord record_of(const std::string& kind, const std::string& path, const std::string& stamp) {
  ItemRecord record;
  record.id = make_item_id(path);
  record.source.kind = kind;
  record.source.path = record.source.store = path;
  record.generation = stamp;
  record.totals.bytes = 5;
  return record;
}

class CopiesTest : public testing::Test {
 protected:
  std::string current(const std::string& kind, const std::string& path) const {
    return root_ + "/current/" + kind + "/" + make_item_id(path);
  }
  std::string older(const std::string& kind, const std::string& path, const char* stamp) const {
    return root_ + "/older/" + kind + "/" + make_item_id(path) + "/" + stamp;
  }
  void put(const std::string& place, const ItemRecord& record) {
    test::write_file(place + "/item.json", write_item_record(record));
    test::write_file(place + "/data/file", "x");
  }
  void put_current(const std::string& kind, const std::string& path, const char* stamp) {
    put(current(kind, path), record_of(kind, path, stamp));
  }
  void put_older(const std::string& kind, const std::string& path, const char* stamp) {
    put(older(kind, path, stamp), record_of(kind, path, stamp));
  }
  std::vector<CopiedItem> list() {
    Result<DumpRoot> root = open_copies(root_);
    EXPECT_TRUE(root) << describe(root.error());
    return root ? test::value_of(list_copies(*root)) : std::vector<CopiedItem>();
  }
  CopiedItem only() {
    const std::vector<CopiedItem> items = list();
    EXPECT_EQ(items.size(), 1U);
    return items.empty() ? CopiedItem() : items[0];
  }
  static std::vector<std::string> stamps(const CopiedItem& item) {
    std::vector<std::string> found;
    for (const Generation& each : item.generations) found.push_back(each.stamp);
    return found;
  }
  test::TempDir tree_;
  const std::string root_ = tree_ / "dump";
};

TEST_F(CopiesTest, TheCurrentOneComesFirstThenFromNewToOld) {
  put_older("svn", "/srv/a", kA);
  put_current("svn", "/srv/a", kC);
  put_older("svn", "/srv/a", kB);
  const CopiedItem item = only();
  EXPECT_THAT(stamps(item), ElementsAre(kC, kB, kA));
  EXPECT_EQ(item.kind, "svn");
  EXPECT_EQ(item.id, make_item_id("/srv/a"));
  EXPECT_EQ(item.path, "/srv/a");
  EXPECT_TRUE(item.has_current());
  EXPECT_EQ(item.find(kB), &item.generations[1]);
  EXPECT_EQ(item.find("20990101T000000Z"), nullptr);
  EXPECT_EQ(root_ + "/" + item.generations[0].place, current("svn", "/srv/a"));
  EXPECT_EQ(root_ + "/" + item.generations[2].place, older("svn", "/srv/a", kA));
  ASSERT_TRUE(item.generations[1].record);
  EXPECT_EQ(item.generations[1].record->bytes, 5U);
}

TEST_F(CopiesTest, EitherFolderIsEnough) {
  put_older("svn", "/srv/a", kA);
  EXPECT_THAT(stamps(only()), ElementsAre(kA));
  EXPECT_FALSE(only().has_current());
  fs::remove_all(root_);
  put_current("svn", "/srv/a", kA);
  EXPECT_TRUE(only().has_current());
}

TEST_F(CopiesTest, AFolderWithoutEitherIsRefused) {
  test::make_folder(root_);
  EXPECT_THAT(describe(test::error_of(open_copies(root_))), HasSubstr("current/"));
  test::write_file(root_ + "/current", "a file");
  test::make_link(root_ + "/older", tree_.path());
  EXPECT_THAT(test::error_of(open_copies(root_)).path, root_);
  EXPECT_NE(test::error_of(open_copies(tree_ / "missing")).code, 0);
}

TEST_F(CopiesTest, OutsideComesBeforeInside) {
  for (const char* path : {"/srv/b/in", "/srv/b", "/srv/a", "/srv/b.x"}) {
    put_current("git", path, kA);
  }
  put_current("svn", "/srv/a", kA);
  put(root_ + "/current/git/no-record", record_of("git", "/x", kA));
  std::vector<std::string> found;
  for (const CopiedItem& each : list()) found.push_back(each.kind + " " + each.path);
  EXPECT_THAT(found, ElementsAre("git ", "git /srv/a", "svn /srv/a", "git /srv/b", "git /srv/b/in",
                                 "git /srv/b.x"));
}

struct BadRecordCase : test::NamedCase {
  std::function<void(const std::string& path)> spoil;
  std::string said;
};

class UnreadableTest : public CopiesTest, public testing::WithParamInterface<BadRecordCase> {};

TEST_P(UnreadableTest, R11_IsListedWithTheReason) {
  put_older("svn", "/srv/a", kA);
  put_current("svn", "/srv/a", kB);
  GetParam().spoil(current("svn", "/srv/a") + "/item.json");
  const CopiedItem item = only();
  ASSERT_EQ(item.generations.size(), 2U);
  EXPECT_FALSE(item.generations[0].record);
  EXPECT_THAT(item.generations[0].unreadable, HasSubstr(GetParam().said));
  EXPECT_TRUE(item.has_current());
  EXPECT_EQ(item.path, "/srv/a") << "the older one tells";
  EXPECT_TRUE(item.generations[1].record);
}

void change(const std::string& path, const std::string& from, const std::string& to) {
  std::string text = test::read_file(path);
  const std::size_t at = text.find(from);
  ASSERT_NE(at, std::string::npos);
  test::write_file(path, text.replace(at, from.size(), to));
}
void write_record(const std::string& path, const ItemRecord& record) {
  test::write_file(path, write_item_record(record));
}

INSTANTIATE_TEST_SUITE_P(
    Records, UnreadableTest,
    testing::Values(
        BadRecordCase{"missing", [](auto& path) { fs::remove(path); }, "it is missing"},
        BadRecordCase{"edited", [](auto& path) { change(path, "\"bytes\": 5", "\"bytes\": 6"); },
                      "changed since"},
        BadRecordCase{"cut",
                      [](auto& path) {
                        const std::string text = test::read_file(path);
                        test::write_file(path, text.substr(0, text.size() / 2));
                      },
                      "JSON"},
        BadRecordCase{"empty", [](auto& path) { test::write_file(path, ""); }, "JSON"},
        BadRecordCase{"a_link",
                      [](auto& path) {
                        fs::rename(path, path + ".real");
                        test::make_link(path, "item.json.real");
                      },
                      ""},
        BadRecordCase{"a_fifo",
                      [](auto& path) {
                        fs::remove(path);
                        test::make_fifo(path);
                      },
                      ""},
        BadRecordCase{"a_folder",
                      [](auto& path) {
                        fs::remove(path);
                        test::make_folder(path);
                      },
                      ""},
        BadRecordCase{
            "too_large",
            [](auto& path) { test::write_file(path, std::string(std::size_t{17} << 20, ' ')); },
            ""},
        BadRecordCase{"of_another_item",
                      [](auto& path) { write_record(path, record_of("svn", "/srv/b", kB)); },
                      "another item"},
        BadRecordCase{"of_another_kind",
                      [](auto& path) { write_record(path, record_of("hg", "/srv/a", kB)); },
                      "another item"},
        BadRecordCase{"of_a_path_that_is_not_the_ids",
                      [](auto& path) {
                        ItemRecord record = record_of("svn", "/etc", kB);
                        record.id = make_item_id("/srv/a");
                        write_record(path, record);
                      },
                      "another item"},
        BadRecordCase{"without_a_path",
                      [](auto& path) {
                        ItemRecord record = record_of("svn", "/srv/a", kB);
                        record.source.path.clear();
                        write_record(path, record);
                      },
                      "another item"},
        BadRecordCase{"with_a_store_elsewhere",
                      [](auto& path) {
                        ItemRecord record = record_of("svn", "/srv/a", kB);
                        record.source.store = "/srv/a/../../etc";
                        write_record(path, record);
                      },
                      "item.json"}),
    test::case_name);

// Whoever can write there could else lead `restore --all --to DIR` out of DIR.
TEST_F(CopiesTest, R11_ARecordWhosePathIsNoneIsNotRead) {
  for (const char* path : {"/srv/../../etc/x", "srv/a", "/srv//a", "/srv/a/", "/./a", "//etc"}) {
    put_current("svn", path, kA);
    const CopiedItem item = only();
    ASSERT_EQ(item.generations.size(), 1U) << path;
    EXPECT_FALSE(item.generations[0].record) << path;
    EXPECT_EQ(item.path, "");
    fs::remove_all(root_);
  }
}

TEST_F(CopiesTest, R11_LinksThatWerePlantedAreNotFollowed) {
  put_current("svn", "/srv/a", kA);
  put_older("svn", "/srv/a", kA);
  const std::string id = make_item_id("/srv/a");
  for (const std::string& planted :
       {std::string("current/hg"), "current/svn/" + make_item_id("/srv/b"),
        "older/svn/" + id + "/" + kB, std::string("older/hg")}) {
    test::make_link(root_ + "/" + planted, root_ + "/current/svn/" + id);
  }
  const CopiedItem item = only();
  EXPECT_THAT(stamps(item), ElementsAre(kA, kA));

  fs::rename(root_ + "/older", tree_ / "older");
  test::make_link(root_ + "/older", tree_ / "older");
  EXPECT_THAT(stamps(only()), ElementsAre(kA));
}

TEST_F(CopiesTest, WhatIsNoGenerationIsPassedOver) {
  put_current("svn", "/srv/a", kA);
  test::write_file(root_ + "/current/file", "x");
  test::write_file(root_ + "/current/svn/file", "x");
  test::write_file(root_ + "/current/.hidden/x/item.json", "{}");
  test::make_folder(root_ + "/current/hg");
  fs::create_directories(root_ + "/older/svn/" + make_item_id("/srv/b"));
  EXPECT_THAT(stamps(only()), ElementsAre(kA));
}

TEST_F(CopiesTest, NothingIsWrittenAndOwnersAndModesDoNotMatter) {
  REPO_NEEDS_ROOT();
  put_current("svn", "/srv/a", kA);
  put_older("svn", "/srv/a", kB);
  test::must_run({"chown", "-R", "1234:1234", root_});
  test::must_run({"chmod", "-R", "a+rwX", root_});
  const std::string before = test::snapshot(root_);
  EXPECT_EQ(only().generations.size(), 2U);
  EXPECT_EQ(test::snapshot(root_), before);
}

TEST_F(CopiesTest, WhatIsProvenComesWithIt) {
  put_current("svn", "/srv/a", kA);
  EXPECT_FALSE(only().proof.scrubbed) << "there is no control/ in it";
  test::make_folder(root_ + "/control");
  Proof proof;
  proof.scrubbed = *parse_stamp(kB);
  const UniqueFd control = test::open_folder(root_ + "/control");
  ASSERT_TRUE(save_proof(control.get(), "svn", make_item_id("/srv/a"), proof));
  EXPECT_EQ(only().proof.scrubbed, parse_stamp(kB));
}

TEST_F(CopiesTest, AGenerationThatWasTakenAwayIsKnownToBe) {
  put_current("svn", "/srv/a", kA);
  Result<DumpRoot> root = open_copies(root_ + "///");
  ASSERT_TRUE(root) << describe(root.error());
  EXPECT_EQ(root->path, root_);
  const CopiedItem item = only();
  const Result<OpenGeneration> opened = open_generation(*root, item, item.generations[0]);
  ASSERT_TRUE(opened) << describe(opened.error());
  const UniqueFd* folder = &opened->folder;
  EXPECT_FALSE(is_removed(folder->get()));
  fs::rename(current("svn", "/srv/a"), tree_ / "displaced");
  EXPECT_FALSE(is_removed(folder->get())) << "it is read on where it is now";
  fs::remove(tree_ / "displaced/item.json");
  EXPECT_TRUE(is_removed(folder->get()));
  fs::remove_all(tree_ / "displaced");
  EXPECT_TRUE(is_removed(folder->get()));
  EXPECT_EQ(test::error_of(open_generation(*root, item, item.generations[0])).code, ENOENT);
}

TEST_F(CopiesTest, AGenerationThatADumpExchangesMeanwhileIsReadWhereItIsThen) {
  put_current("svn", "/srv/a", kA);
  Result<DumpRoot> root = open_copies(root_);
  ASSERT_TRUE(root) << describe(root.error());
  const CopiedItem item = only();
  const std::string older = root_ + "/older/svn/" + item.id;
  fs::create_directories(older);
  fs::rename(current("svn", "/srv/a"), older + "/" + kA);
  put_current("svn", "/srv/a", kB);
  const Result<OpenGeneration> opened = open_generation(*root, item, item.generations[0]);
  ASSERT_TRUE(opened) << describe(opened.error());
  EXPECT_EQ(opened->place, "older/svn/" + item.id + "/" + kA);
  fs::remove_all(older);
  EXPECT_EQ(test::error_of(open_generation(*root, item, item.generations[0])).code, ENOENT)
      << "never the newer one for it";
}

}  // namespace
}  // namespace repo
