// The whole tool on small trees: streams, files and exit codes.
#include "scanner/scan.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "base/stop_signal.h"
#include "scanner/manifest.h"
#include "scanner/roots.h"
#include "tests/scanner/scan_fixture.h"
#include "tests/support/child.h"
#include "tests/support/test_support.h"

namespace repo {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class RunScanTest : public testing::Test {
 protected:
  RunScanTest() {
    options_.jobs = 2;
    options_.roots = {tree_ / "srv"};
    make_svn("srv/alpha");
    test::write_file(tree_ / "srv/beta/.hg/requires", "share-safe\n");
    test::write_file(tree_ / "srv/beta/.hg/store/requires", "store\n");
  }

  void make_svn(const std::string& name) {
    test::write_file(tree_ / (name + "/format"), "5\n");
    test::write_file(tree_ / (name + "/db/fs-type"), "fsfs\n");
    test::write_file(tree_ / (name + "/db/format"), "8\n");
    test::write_file(tree_ / (name + "/db/current"), "42\n");
    test::write_file(tree_ / (name + "/db/uuid"), "eb55e2dd-c13e-45ef-ae12-827a0bee4983\n");
  }
  void break_alpha() { test::write_file(tree_ / "srv/alpha/db/current", ""); }

  test::TempDir tree_;
  ScanOptions options_;
};

TEST_F(RunScanTest, AllFoundIsZeroAndTheManifestGoesToStdout) {
  const Scanned scanned = run(options_);
  EXPECT_EQ(scanned.status, 0);
  const Result<Manifest> manifest = read_manifest(scanned.out);
  ASSERT_TRUE(manifest) << describe(manifest.error());
  EXPECT_TRUE(manifest->complete);
  EXPECT_THAT(manifest->roots, ElementsAre(tree_ / "srv"));
  ASSERT_EQ(manifest->items.size(), 2U);
  EXPECT_EQ(manifest->items[0].repository.path, tree_ / "srv/alpha");
  EXPECT_EQ(manifest->items[1].repository.path, tree_ / "srv/beta");
  EXPECT_THAT(scanned.err, HasSubstr("2 repositories"));
}

TEST_F(RunScanTest, NothingFoundIsZeroToo) {
  fs::create_directories(tree_ / "empty");
  options_.roots = {tree_ / "empty"};
  const Scanned scanned = run(options_);
  EXPECT_EQ(scanned.status, 0);
  const Result<Manifest> manifest = read_manifest(scanned.out);
  ASSERT_TRUE(manifest);
  EXPECT_THAT(manifest->items, IsEmpty());
}

TEST_F(RunScanTest, ABrokenRepositoryIsThreeAndNamedInBoth) {
  break_alpha();
  const Scanned scanned = run(options_);
  EXPECT_EQ(scanned.status, 3);
  const auto document = nlohmann::json::parse(scanned.out);
  EXPECT_EQ(document["complete"], false);
  ASSERT_EQ(document["errors"].size(), 1U);
  EXPECT_EQ(document["errors"][0]["op"], "probe");
  EXPECT_EQ(document["errors"][0]["path"], tree_ / "srv/alpha/db/current");
  EXPECT_THAT(scanned.err, HasSubstr("srv/alpha/db/current"));
  EXPECT_THAT(scanned.err, HasSubstr("INCOMPLETE"));
}

TEST_F(RunScanTest, AMissingRootAmongTwoIsThreeAndTheOtherIsScanned) {
  options_.roots.push_back(tree_ / "none");
  const Scanned scanned = run(options_);
  EXPECT_EQ(scanned.status, 3);
  const auto document = nlohmann::json::parse(scanned.out);
  EXPECT_EQ(document["complete"], false);
  EXPECT_EQ(document["repositories"].size(), 2U);
  EXPECT_EQ(document["errors"][0]["path"], tree_ / "none");
  EXPECT_EQ(document["errors"][0]["errno"], ENOENT);
  EXPECT_THAT(scanned.err, HasSubstr(tree_ / "none"));
}

TEST_F(RunScanTest, AllRootsMissingIsOneAndNoManifest) {
  options_.roots = {tree_ / "none", tree_ / "nor-this"};
  const Scanned scanned = run(options_);
  EXPECT_EQ(scanned.status, 1);
  EXPECT_EQ(scanned.out, "");
  EXPECT_THAT(scanned.err, HasSubstr("none"));
  EXPECT_THAT(scanned.err, HasSubstr("nor-this"));
}

TEST_F(RunScanTest, ARootThatIsNoDirectoryIsAnError) {
  options_.roots = {tree_ / "srv/alpha/format"};
  const Scanned scanned = run(options_);
  EXPECT_NE(scanned.status, 0);
  EXPECT_THAT(scanned.err, HasSubstr("Not a directory"));
}

TEST_F(RunScanTest, RootsAreResolvedOnceAndNamedOnce) {
  fs::create_symlink("srv", tree_ / "link");
  options_.roots = {tree_ / "link", tree_ / "srv/../srv/", tree_ / "srv"};
  const Scanned scanned = run(options_);
  EXPECT_EQ(scanned.status, 0);
  const Result<Manifest> manifest = read_manifest(scanned.out);
  ASSERT_TRUE(manifest);
  EXPECT_THAT(manifest->roots, ElementsAre(tree_ / "srv"));
  EXPECT_EQ(manifest->items.size(), 2U);
}

TEST_F(RunScanTest, OnlyTheKindsThatAreAskedFor) {
  options_.kinds = {"hg"};
  const Result<Manifest> manifest = read_manifest(run(options_).out);
  ASSERT_TRUE(manifest);
  ASSERT_EQ(manifest->items.size(), 1U);
  EXPECT_EQ(manifest->items[0].repository.kind, "hg");
}

TEST_F(RunScanTest, TwoScansDifferInTimesAlone) {
  break_alpha();
  make_svn("srv/gamma/delta");
  auto without_times = [](const std::string& text) {
    auto document = nlohmann::ordered_json::parse(text);
    for (const char* key : {"started", "finished"}) document.erase(key);
    document["stats"].erase("seconds");
    return document.dump();
  };
  options_.jobs = 1;
  const std::string expected = without_times(run(options_).out);
  for (const int jobs : {2, 8}) {
    options_.jobs = jobs;
    EXPECT_EQ(without_times(run(options_).out), expected);
  }
}

// --- --list, -0, -q, -v ---

TEST_F(RunScanTest, ListPrintsThePathsSortedALineEach) {
  options_.list = true;
  const Scanned scanned = run(options_);
  EXPECT_EQ(scanned.status, 0);
  EXPECT_EQ(scanned.out, tree_ / "srv/alpha\n" + (tree_ / "srv/beta\n"));
}

TEST_F(RunScanTest, S10_ListIsHarmlessOnATerminalAndExactWithNul) {
  const std::string odd = "odd\n\x1b[2J\xFF";
  make_svn("odd/" + odd);
  options_.roots = {tree_ / "odd"};
  options_.list = true;
  EXPECT_EQ(run(options_).out, tree_ / "odd/odd\\n\\x1b[2J\\xff\n");
  options_.nul = true;
  EXPECT_EQ(run(options_).out, tree_ / ("odd/" + odd + std::string(1, '\0')));
}

TEST_F(RunScanTest, S10_MessagesAreHarmlessOnATerminal) {
  const std::string odd = "odd\n\x1b[2J\xFF";
  make_svn("srv/" + odd);
  test::write_file(tree_ / ("srv/" + odd + "/db/current"), "");
  test::write_file(tree_ / ("srv/" + odd + "2/.repo-backup"), "");
  options_.verbose = true;
  const Scanned scanned = run(options_);
  EXPECT_EQ(scanned.status, 3);
  EXPECT_THAT(scanned.err, HasSubstr("odd\\n\\x1b[2J\\xff/db/current"));
  for (const char c : scanned.err) {
    ASSERT_TRUE(c == '\n' || (c >= 0x20 && c < 0x7F)) << scanned.err;
  }
}

TEST_F(RunScanTest, ListWithErrorsIsThree) {
  break_alpha();
  options_.list = true;
  const Scanned scanned = run(options_);
  EXPECT_EQ(scanned.status, 3);
  EXPECT_EQ(scanned.out, tree_ / "srv/beta\n");
}

TEST_F(RunScanTest, QuietSaysNothingWithoutErrors) {
  options_.quiet = true;
  EXPECT_EQ(run(options_).err, "");
  break_alpha();
  const Scanned scanned = run(options_);
  EXPECT_EQ(scanned.status, 3);
  EXPECT_THAT(scanned.err, HasSubstr("srv/alpha/db/current"));
}

TEST_F(RunScanTest, VerboseNamesWhatWasNotEntered) {
  fs::create_directories(tree_ / "srv/skip");
  options_.excludes = {"skip"};
  EXPECT_THAT(run(options_).err, Not(HasSubstr("srv/skip")));
  options_.verbose = true;
  EXPECT_THAT(run(options_).err, HasSubstr("srv/skip (excluded)"));
}

// --- where the result goes, and where it cannot go ---

TEST_F(RunScanTest, OutputIsWrittenToTheFileAndNothingToStdout) {
  options_.output = tree_ / "manifest.json";
  const Scanned scanned = run(options_);
  EXPECT_EQ(scanned.status, 0);
  EXPECT_EQ(scanned.out, "");
  EXPECT_TRUE(read_manifest(test::read_file(options_.output)));
  options_.list = true;
  EXPECT_EQ(run(options_).status, 0);
  EXPECT_THAT(test::read_file(options_.output), HasSubstr("srv/alpha\n"));
}

TEST_F(RunScanTest, AnIncompleteScanReplacesTheFile) {
  options_.output = tree_ / "manifest.json";
  test::write_file(options_.output, "old");
  break_alpha();
  EXPECT_EQ(run(options_).status, 3);
  EXPECT_TRUE(read_manifest(test::read_file(options_.output)));
}

TEST_F(RunScanTest, S20_AFullStdoutIsOne) {
  for (const bool list : {false, true}) {
    options_.list = list;
    const Stream full(std::fopen("/dev/full", "w"), std::fclose);
    const Stream err = temporary();
    EXPECT_EQ(run_scan(options_, full.get(), err.get()), 1);
    EXPECT_THAT(content(err.get()), HasSubstr("No space left on device"));
  }
}

TEST_F(RunScanTest, S20_AFullOutputDeviceIsOne) {
  options_.output = "/dev/full";
  const Scanned scanned = run(options_);
  EXPECT_EQ(scanned.status, 1);
  EXPECT_THAT(scanned.err, HasSubstr("/dev/full: No space left on device"));
}

TEST_F(RunScanTest, S20_AFullStderrChangesNothing) {
  const Stream out = temporary();
  const Stream full(std::fopen("/dev/full", "w"), std::fclose);
  EXPECT_EQ(run_scan(options_, out.get(), full.get()), 0);
  EXPECT_TRUE(read_manifest(content(out.get())));
}

TEST_F(RunScanTest, S19_AReaderThatIsGoneIsOne) {
  test::in_child([this] {
    install_stop_signals();  // as main does: SIGPIPE becomes an error
    int ends[2] = {};
    ASSERT_EQ(pipe(ends), 0);
    close(ends[0]);
    const Stream out(fdopen(ends[1], "w"), std::fclose);
    const Stream err = temporary();
    EXPECT_EQ(run_scan(options_, out.get(), err.get()), 1);
    EXPECT_THAT(content(err.get()), HasSubstr("Broken pipe"));
  });
}

TEST_F(RunScanTest, S20_TheOldManifestStaysWhereThereIsNoSpace) {
  REPO_NEEDS_ROOT();
  fs::create_directories(tree_ / "disk");
  for (int i = 0; i < 200; ++i) make_svn("srv/more/" + std::to_string(i));
  test::in_child([this] {
    test::enter_private_mount_namespace();
    test::mount_tmpfs(tree_ / "disk", "size=32k");
    options_.output = tree_ / "disk/manifest.json";
    test::write_file(options_.output, "old");
    const Scanned scanned = run(options_);
    EXPECT_EQ(scanned.status, 1);
    EXPECT_THAT(scanned.err, HasSubstr("No space left on device"));
    EXPECT_EQ(test::read_file(options_.output), "old");
    EXPECT_EQ(std::distance(fs::directory_iterator(tree_ / "disk"), fs::directory_iterator()), 1);
  });
}

TEST_F(RunScanTest, TheOldManifestStaysWhereNoRootIsThere) {
  options_.output = tree_ / "manifest.json";
  test::write_file(options_.output, "old");
  options_.roots = {tree_ / "none"};
  EXPECT_EQ(run(options_).status, 1);
  EXPECT_EQ(test::read_file(options_.output), "old");
}

TEST_F(RunScanTest, AnOutputInAMissingDirectoryIsOne) {
  options_.output = tree_ / "none/manifest.json";
  const Scanned scanned = run(options_);
  EXPECT_EQ(scanned.status, 1);
  EXPECT_THAT(scanned.err, HasSubstr("none"));
}

TEST_F(RunScanTest, S18_AfterASignalTheOldManifestStays) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    test::in_child([this, signal] {
      options_.output = tree_ / "manifest.json";
      test::write_file(options_.output, "old");
      request_stop(signal);
      const Scanned scanned = run(options_);
      EXPECT_EQ(scanned.status, 128 + signal);
      EXPECT_EQ(test::read_file(options_.output), "old");
      EXPECT_EQ(scanned.out, "");
      options_.output = "";
      EXPECT_EQ(run(options_).out, "") << "half a manifest";
    });
  }
}

TEST_F(RunScanTest, ItDoesNotFindTheManifestsOwnTemporaryFiles) {
  options_.output = tree_ / "srv/manifest.json";
  EXPECT_EQ(run(options_).status, 0);
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(tree_ / "srv")) {
    names.push_back(entry.path().filename().string());
  }
  EXPECT_THAT(names, testing::UnorderedElementsAre("alpha", "beta", "manifest.json"));
}

constexpr std::chrono::seconds kPatience{60};

TEST(ResolveRootsTest, WhatCannotBeResolvedIsAnErrorWithItsName) {
  std::vector<Error> errors;
  EXPECT_THAT(resolve_roots({"/", "", "/none/of/this", "/proc/self/../.."}, kPatience, errors),
              ElementsAre("/"));
  ASSERT_EQ(errors.size(), 2U);
  EXPECT_EQ(errors[1].path, "/none/of/this");
  EXPECT_EQ(errors[1].code, ENOENT);
}

TEST(ResolveRootsTest, S5_ALoopOfLinksIsAnError) {
  const test::TempDir tree;
  fs::create_symlink("loop", tree / "loop");
  std::vector<Error> errors;
  EXPECT_THAT(resolve_roots({tree / "loop"}, kPatience, errors), IsEmpty());
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(errors[0].code, ELOOP);
}

}  // namespace
}  // namespace repo
