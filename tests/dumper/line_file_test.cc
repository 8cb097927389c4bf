// Long text files, written and read line by line.
#include "dumper/line_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>

#include "tests/support/child.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class LineFileTest : public testing::Test {
 protected:
  Result<LineWriter> create() const { return LineWriter::create(folder_.get(), "lines"); }
  LineWriter must_create() const {
    Result<LineWriter> writer = create();
    EXPECT_TRUE(writer) << describe(writer.error());
    return *std::move(writer);
  }
  std::vector<std::string> lines() const {
    Result<LineReader> reader = LineReader::open(folder_.get(), "lines");
    EXPECT_TRUE(reader) << describe(reader.error());
    std::vector<std::string> found;
    if (!reader) return found;
    while (std::optional<std::string> line = reader->next()) found.push_back(*line);
    EXPECT_EQ(reader->next(), std::nullopt) << "the end is the end";
    return found;
  }
  std::vector<std::string> lines_of(const std::string& text) const {
    test::write_file(path_, text);
    return lines();
  }

  test::TempDir tree_;
  const std::string path_ = tree_ / "lines";
  const UniqueFd folder_ = test::open_folder(tree_.path());
};

TEST_F(LineFileTest, WhatWasWrittenIsThereWithItsDigest) {
  LineWriter writer = must_create();
  std::string all;
  for (int i = 0; i < 200'000; ++i) {
    const std::string line = "line " + std::to_string(i) + "\n";
    ASSERT_TRUE(writer.write(line));
    all += line;
  }
  const Result<std::string> digest = writer.finish();
  ASSERT_TRUE(digest) << describe(digest.error());
  EXPECT_EQ(*digest, sha256_hex(all));
  EXPECT_TRUE(test::read_file(path_) == all);
  const std::vector<std::string> found = lines();
  ASSERT_EQ(found.size(), 200'000U);
  EXPECT_EQ(found.front(), "line 0");
  EXPECT_EQ(found.back(), "line 199999");
}

TEST_F(LineFileTest, OneLineMayBeLongerThanTheBuffer) {
  const std::string line(300'000, 'x');
  LineWriter writer = must_create();
  ASSERT_TRUE(writer.write(line + "\n"));
  ASSERT_TRUE(writer.write("short\n"));
  ASSERT_TRUE(writer.finish());
  EXPECT_THAT(lines(), ElementsAre(line, "short"));
}

TEST_F(LineFileTest, NothingWrittenIsAnEmptyFile) {
  LineWriter writer = must_create();
  const Result<std::string> digest = writer.finish();
  ASSERT_TRUE(digest);
  EXPECT_EQ(*digest, sha256_hex(""));
  EXPECT_TRUE(test::exists(path_));
  EXPECT_THAT(lines(), IsEmpty());
}

TEST_F(LineFileTest, D27_ItIsPrivateWhateverTheUmask) {
  const mode_t before = umask(0);
  LineWriter writer = must_create();
  umask(before);
  EXPECT_EQ(test::lstat_of(path_).st_mode & 07777, 0600U);
}

TEST_F(LineFileTest, D19_NothingIsOverwrittenAndNoLinkIsFollowed) {
  test::make_link(path_, tree_ / "elsewhere");
  EXPECT_EQ(create().error().code, EEXIST);
  EXPECT_FALSE(test::exists(tree_ / "elsewhere"));
  test::write_file(tree_ / "elsewhere", "secret\n");
  const Result<LineReader> reader = LineReader::open(folder_.get(), "lines");
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().code, ELOOP);
}

TEST_F(LineFileTest, ALineEndsAtItsNewlineOrAtTheEnd) {
  EXPECT_THAT(lines_of("a\nb"), ElementsAre("a", "b"));
  EXPECT_THAT(lines_of("a\nb\n"), ElementsAre("a", "b"));
  EXPECT_THAT(lines_of("\n\na\n\n"), ElementsAre("", "", "a", ""));
  EXPECT_THAT(lines_of("a\r\n"), ElementsAre("a\r"));
  EXPECT_THAT(lines_of(std::string("a\0b\n", 4)), ElementsAre(std::string("a\0b", 3)));
}

TEST_F(LineFileTest, D20_AFifoIsNotWaitedFor) {
  test::make_fifo(path_);
  const Result<LineReader> reader = LineReader::open(folder_.get(), "lines");
  if (reader) {
    EXPECT_THAT(lines(), IsEmpty());
  }
}

TEST_F(LineFileTest, WhatIsMissingIsAnError) {
  const Result<LineReader> reader = LineReader::open(folder_.get(), "lines");
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().code, ENOENT);
}

TEST_F(LineFileTest, D5_AFullDiskIsAnErrorThatNamesTheFile) {
  REPO_NEEDS_ROOT();
  test::in_child([this] {
    test::enter_private_mount_namespace();
    test::mount_tmpfs(tree_.path(), "size=64k");
    const UniqueFd folder = test::open_folder(tree_.path());
    Result<LineWriter> writer = LineWriter::create(folder.get(), "lines");
    ASSERT_TRUE(writer) << describe(writer.error());
    Status written;
    for (int i = 0; i < 100 && written; ++i) written = writer->write(std::string(4096, 'x'));
    if (written) {
      const Result<std::string> finished = writer->finish();
      ASSERT_FALSE(finished);
      written = finished.error();
    }
    EXPECT_EQ(written.error().code, ENOSPC);
    EXPECT_EQ(written.error().path, "lines");
  });
}

TEST_F(LineFileTest, D5_WhatIsStillInTheBufferIsNotLostInSilence) {
  REPO_NEEDS_ROOT();
  test::in_child([this] {
    test::enter_private_mount_namespace();
    test::mount_tmpfs(tree_.path(), "size=4k");
    test::write_file(tree_ / "ballast", std::string(4096, 'x'));
    const UniqueFd folder = test::open_folder(tree_.path());
    Result<LineWriter> writer = LineWriter::create(folder.get(), "lines");
    ASSERT_TRUE(writer) << describe(writer.error());
    ASSERT_TRUE(writer->write("a line\n"));
    const Result<std::string> finished = writer->finish();
    ASSERT_FALSE(finished);
    EXPECT_EQ(finished.error().code, ENOSPC);
  });
}

}  // namespace
}  // namespace repo
