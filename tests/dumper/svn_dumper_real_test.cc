// Real Subversion repositories: every format, what belongs to them, and what people put into them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/real_dump.h"
#include "tests/support/repositories.h"
#include "tests/support/table.h"

namespace repo {
namespace {

using testing::HasSubstr;
using testing::Not;

class SvnRealTest : public test::RealDumpTest {
 protected:
  SvnRealTest() : RealDumpTest("svn") {}

  void create(const std::vector<std::string>& options = {}) const {
    test::svn_create(path_, options);
  }
  void commit(int count) const {
    for (int i = 0; i < count; ++i) {
      test::svn_commit(path_, "file" + std::to_string(i % 3),
                       "content " + std::to_string(i) + "\n");
    }
  }
  // And the copy is what the source is.
  void must_dump() {
    RealDumpTest::must_dump();
    EXPECT_EQ(test::svn_complaint(data()), "");
    EXPECT_EQ(test::svn_uuid(data()), test::svn_uuid(path_));
    EXPECT_EQ(test::svn_youngest(data()), test::svn_youngest(path_));
    EXPECT_EQ(test::svn_tree(data()), test::svn_tree(path_));
  }
};

struct FormatCase : test::NamedCase {
  std::vector<std::string> options;
};

class SvnFormatTest : public SvnRealTest, public testing::WithParamInterface<FormatCase> {};

TEST_P(SvnFormatTest, IsCopiedWholeAndTakesTheNextCommit) {
  create(GetParam().options);
  commit(7);
  test::must_run({"svnadmin", "setrevprop", path_, "-r", "3", "svn:log", "/dev/null"});
  must_dump();
  test::must_run({"svn", "checkout", "-q", test::file_url(data()), tree_ / "work"});
  EXPECT_EQ(test::read_file(tree_ / "work/file0"), "content 6\n");
  test::must_run({"cp", "-a", data(), tree_ / "restored"});
  test::svn_commit(tree_ / "restored", "file0", "after the restore\n");
  EXPECT_EQ(test::svn_complaint(tree_ / "restored"), "");
}

class SvnPackedTest : public SvnFormatTest {};

TEST_P(SvnPackedTest, IsCopiedWhole) {
  create(GetParam().options);
  test::svn_set_shard(path_, 4);
  commit(5);
  test::svn_pack(path_);
  EXPECT_TRUE(test::exists(path_ + "/db/revs/0.pack")) << "the control";
  must_dump();
  EXPECT_TRUE(test::exists(data() + "/db/revs/0.pack"));
}

// Of every version that svnadmin 1.14 can make; packing came with 1.6.
std::vector<FormatCase> versions(int first) {
  std::vector<FormatCase> all;
  for (int minor = first; minor <= 14; ++minor) {
    const std::string version = "1." + std::to_string(minor);
    all.push_back({{"v1_" + std::to_string(minor)}, {"--compatible-version", version}});
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Versions, SvnFormatTest, testing::ValuesIn(versions(1)), test::case_name);
INSTANTIATE_TEST_SUITE_P(Fsx, SvnFormatTest,
                         testing::Values(FormatCase{"fsx", {"--fs-type", "fsx"}}), test::case_name);
INSTANTIATE_TEST_SUITE_P(Versions, SvnPackedTest, testing::ValuesIn(versions(6)), test::case_name);

TEST_F(SvnRealTest, HooksConfigurationAndWhateverLiesBesideTheDataAreKept) {
  create();
  commit(1);
  test::write_file(path_ + "/hooks/post-commit", "#!/bin/sh\nexit 0\n");
  test::set_mode(path_ + "/hooks/post-commit", 0755);
  test::write_file(path_ + "/conf/passwd", "[users]\nann = secret\n");
  test::set_mode(path_ + "/conf/passwd", 0600);
  test::write_file(path_ + "/conf/\xc3\xa4\xc3\xb6", "not ascii");
  test::write_file(path_ + "/notes/of/the/admin", "kept");
  test::make_link(path_ + "/hooks/start-commit", "/usr/bin/true");
  test::set_mtime(path_ + "/conf/passwd", 1'000'000'000, 7);
  must_dump();
  auto source = test::contents_and_x(path_);
  auto copy = test::contents_and_x(data());
  for (auto* tree : {&source, &copy}) {
    std::erase_if(*tree, [](const auto& each) { return each.first.starts_with("db"); });
  }
  EXPECT_EQ(copy, source);
  EXPECT_EQ(test::lstat_of(data() + "/conf/passwd").st_mtim.tv_nsec, 7);
}

TEST_F(SvnRealTest, LocksOfUsersAreKept) {
  create();
  commit(1);
  test::must_run({"svn", "lock", "-q", test::file_url(path_) + "/file0"});
  must_dump();
  EXPECT_THAT(test::must_run({"svnadmin", "lslocks", data()}), HasSubstr("Path: /file0"));
}

TEST_F(SvnRealTest, NoFileOfTheSourceIsTouchedAlsoNoDirectory) {
  create();
  commit(3);
  test::must_run({"chown", "-R", "1234:1234", path_});
  const std::string before = test::snapshot(path_);
  must_dump();
  EXPECT_EQ(test::snapshot(path_), before);
}

TEST_F(SvnRealTest, AFolderOfLocksThatIsMissingIsMissedByNobody) {
  create();
  commit(1);
  std::filesystem::remove_all(path_ + "/locks");
  must_dump();
  EXPECT_FALSE(test::exists(path_ + "/locks"));
}

TEST_F(SvnRealTest, D22_NoHookRunsAndNoneIsLost) {
  create();
  commit(1);
  for (const char* hook : {"start-commit", "pre-commit", "post-commit", "pre-revprop-change"}) {
    const std::string path = path_ + "/hooks/" + hook;
    test::write_file(path, "#!/bin/sh\ntouch " + (tree_ / "it-ran") + "\n");
    test::set_mode(path, 0777);
  }
  must_dump();
  EXPECT_FALSE(test::exists(tree_ / "it-ran"));
}

struct DamageCase : test::NamedCase {
  std::string file;
  void (*deed)(const std::string& path);
};

void truncate_it(const std::string& path) {
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
}
void flip_a_bit(const std::string& path) {
  std::string bytes = test::read_file(path);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x20);
  test::set_mode(path, 0644);
  test::write_file(path, bytes);
}
void remove_it(const std::string& path) { std::filesystem::remove(path); }

class SvnDamageTest : public SvnRealTest, public testing::WithParamInterface<DamageCase> {};

TEST_P(SvnDamageTest, D10_IsNotPublished) {
  create();
  test::svn_commit(path_, "file", std::string(5000, 'x') + "\n");
  commit(3);
  GetParam().deed(path_ + "/db/" + GetParam().file);
  EXPECT_NE(test::svn_complaint(path_), "") << "the control";
  EXPECT_NE(describe(must_fail()), "");
}

INSTANTIATE_TEST_SUITE_P(Damages, SvnDamageTest,
                         testing::Values(DamageCase{"truncated", "revs/0/1", truncate_it},
                                         DamageCase{"flipped", "revs/0/1", flip_a_bit},
                                         DamageCase{"missing", "revs/0/2", remove_it},
                                         DamageCase{"missing_property", "revprops/0/2", remove_it}),
                         test::case_name);

TEST_F(SvnRealTest, D10_ACurrentThatLagsBehindTheRevisionsLosesNothingInSilence) {
  create();
  commit(5);
  test::write_file(path_ + "/db/current", "2\n");
  EXPECT_THAT(describe(must_fail()), HasSubstr("db/current"));
}

// It can be made anew; the note says how.
TEST_F(SvnRealTest, AGarbledRepresentationCacheIsLeftOutAndTold) {
  create();
  commit(3);
  test::write_file(path_ + "/db/rep-cache.db", "garbage");
  const ItemResult result = RealDumpTest::must_dump();
  EXPECT_THAT(result.notes, testing::ElementsAre(HasSubstr("build-repcache")));
  EXPECT_EQ(test::read_file(path_ + "/db/rep-cache.db"), "garbage");
  EXPECT_FALSE(test::exists(data() + "/db/rep-cache.db"));
  EXPECT_EQ(test::svn_complaint(data()), "");
  EXPECT_EQ(test::svn_tree(data()), test::svn_tree(path_));
  test::must_run({"cp", "-a", data(), tree_ / "restored"});
  test::must_run({"svnadmin", "build-repcache", "-q", tree_ / "restored"});
  test::svn_commit(tree_ / "restored", "file0", "after the restore\n");
  EXPECT_EQ(test::svn_complaint(tree_ / "restored"), "");
}

TEST_F(SvnRealTest, AnEmptyRepresentationCacheDoesNoHarm) {
  create();
  commit(3);
  test::write_file(path_ + "/db/rep-cache.db", "");
  must_dump();
}

TEST_F(SvnRealTest, D19_ALinkAmongTheRevisionsGivesAwayNothing) {
  create();
  commit(2);
  test::write_file(tree_ / "secret", "secret bytes of root");
  std::filesystem::remove(path_ + "/db/revs/0/1");
  test::make_link(path_ + "/db/revs/0/1", tree_ / "secret");
  const Error error = must_fail();
  EXPECT_EQ(error.path, path_ + "/db/revs/0/1");
  EXPECT_THAT(describe(error), Not(HasSubstr("secret bytes")));
  EXPECT_FALSE(dump_root_contains("secret bytes"));
}

// Put there after our own look at the source, while it is copied.
TEST_F(SvnRealTest, D19_ALinkThatIsPlantedUnderTheCopyGivesAwayNothing) {
  create();
  commit(2);
  test::write_file(tree_ / "secret", "secret bytes of root");
  std::filesystem::create_directories(tree_ / "previous/data/db/revs/0");
  const UniqueFd source = test::open_folder(path_);
  const UniqueFd previous = test::open_folder(tree_ / "previous/data");
  test::make_folder(tree_ / "staging");
  const UniqueFd staging = test::open_folder(tree_ / "staging");
  DumpJob job;
  job.source = test::source_at("svn", path_);
  job.source_fd = source.get();
  job.staging_fd = staging.get();
  job.patience = test::patient();
  int planted = 0;
  job.shared = {previous.get(), [&](const std::string& path) {
                  if (path == "db/revs/0/1") {
                    ++planted;
                    std::filesystem::remove(path_ + "/db/revs/0/1");
                    test::make_link(path_ + "/db/revs/0/1", tree_ / "secret");
                    std::filesystem::remove(path_ + "/db/fsfs.conf");
                    test::make_link(path_ + "/db/fsfs.conf", tree_ / "secret");
                  }
                  return false;
                }};
  const Dumpers dumpers;
  const Dumper& dumper = *dumpers.find("svn");
  Result<CopyFacts> facts = dumper.copy(job, *sandbox_);
  EXPECT_GT(planted, 0);
  const bool published = facts && dumper.verify(job, *facts, *sandbox_);
  EXPECT_FALSE(published);
  for (const auto& [path, content] : test::contents(tree_ / "staging")) {
    EXPECT_THAT(content, Not(HasSubstr("secret bytes"))) << path;
    EXPECT_THAT(content, Not(HasSubstr("root:*"))) << path;
    EXPECT_THAT(content, Not(HasSubstr("root:x"))) << path;
  }
}

TEST_F(SvnRealTest, D19_ALinkBesideTheDataIsCopiedAsALink) {
  create();
  commit(1);
  test::write_file(tree_ / "secret", "secret bytes of root");
  test::make_link(path_ + "/conf/link", tree_ / "secret");
  std::filesystem::remove(path_ + "/conf/authz");
  test::make_link(path_ + "/conf/authz", "/");
  must_dump();
  EXPECT_EQ(test::contents(data()).at("conf/link"), "-> " + (tree_ / "secret"));
  EXPECT_FALSE(dump_root_contains("secret bytes"));
}

TEST_F(SvnRealTest, D20_FifosAndSocketsBesideTheDataDoNotBlock) {
  create();
  commit(1);
  test::make_fifo(path_ + "/hooks/fifo");
  test::make_socket(path_ + "/conf/s");
  must_dump();
  EXPECT_FALSE(test::exists(data() + "/hooks/fifo"));
  EXPECT_THAT(owners(), HasSubstr(" hooks/fifo\n"));
}

TEST_F(SvnRealTest, D15_ASparseGiantCostsItsOwnItemAndNotTheDisk) {
  create();
  commit(1);
  test::write_file(path_ + "/conf/giant", "x");
  std::filesystem::resize_file(path_ + "/conf/giant", std::uintmax_t{1} << 40);
  EXPECT_THAT(describe(must_fail()), HasSubstr("holes"));
}

TEST_F(SvnRealTest, ARepositoryInsideIsLeftOutOfTheOuterCopy) {
  create();
  commit(2);
  test::svn_create(tree_ / "inner");  // svnadmin makes none inside another
  test::make_folder(path_ + "/extra");
  std::filesystem::rename(tree_ / "inner", path_ + "/extra/inner");
  test::hg_init(path_ + "/files");
  item_.nested = {test::item_at("svn", path_ + "/extra/inner").source,
                  test::item_at("hg", path_ + "/files").source};
  must_dump();
  EXPECT_TRUE(test::exists(data() + "/extra"));
  EXPECT_FALSE(test::exists(data() + "/extra/inner"));
  EXPECT_TRUE(test::exists(data() + "/files"));
  EXPECT_FALSE(test::exists(data() + "/files/.hg"));
  EXPECT_TRUE(test::exists(data() + "/conf/authz"));
}

// It is an item of its own, and fails there.
TEST_F(SvnRealTest, D15_AGiantInARepositoryInsideDoesNoHarmOutside) {
  create();
  commit(1);
  const std::string inner = path_ + "/extra/inner";
  test::svn_create(tree_ / "inner");
  test::make_folder(path_ + "/extra");
  std::filesystem::rename(tree_ / "inner", inner);
  item_.nested = {test::item_at("svn", inner).source};
  test::write_file(inner + "/giant", std::string(std::size_t{70} << 20, 'x'));
  must_dump();
  std::filesystem::resize_file(inner + "/giant", std::uintmax_t{1} << 40);
  must_dump();
  EXPECT_FALSE(test::exists(data() + "/extra/inner"));
}

TEST_F(SvnRealTest, TheOddestNamesInsideAreCopied) {
  create();
  commit(1);
  for (const std::string& name :
       {std::string("two\nlines"), std::string("-rf"), std::string(200, 'n'),
        std::string("back\\slash"), std::string("\xff\xfe is no text")}) {
    test::write_file(path_ + "/conf/" + name, "odd");
  }
  must_dump();
  EXPECT_EQ(test::contents(data() + "/conf"), test::contents(path_ + "/conf"));
}

}  // namespace
}  // namespace repo
