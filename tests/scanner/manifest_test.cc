#include "scanner/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "base/bytes_path.h"
#include "tests/scanner/manifest_fixture.h"

namespace repo {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// --- writing ---

TEST(WriteManifestTest, TheDocumentIsThatOfTheSchema) {
  ScanResult result = two_repositories();
  result.pointers = {{"hg", "/home/a/share", "/srv/hg/x/.hg", "share"}};
  result.pruned = {{"/proc", "proc", false}};
  result.errors = {system_error("open", "/x", EACCES)};
  result.stats = {5, 4, 1, 17, 2, 0.25};
  result.complete = false;
  const Json document = parsed(write_manifest(header(), result));
  EXPECT_EQ(document, parsed(R"({
    "format": "repo-backup/manifest", "version": 1, "tool": "repo-scan 1.0.0",
    "host": "web1", "started": "2026-01-31T23:59:59Z", "finished": "2026-02-01T00:00:00Z",
    "roots": ["/"], "complete": false,
    "stats": {"directories": 5, "directories_read": 4, "leaf_skipped": 1, "entries": 17,
              "vanished": 2, "seconds": 0.25},
    "repositories": [
      {"id": "home-a-clone-edbaa2708366c8f318ad1b655a5bc5f9", "kind": "hg", "path": "/home/a/clone",
       "store": "/home/a/clone/.hg", "device": 65024, "inode": 99, "uid": 0, "gid": 0,
       "mode": "2755", "detail": {"changesets": 0}},
      {"id": "srv-svn-alpha-2998a6e81ccf1ffe69c1c2a9fcbe1c4a", "kind": "svn", "path": "/srv/svn/alpha",
       "store": "/srv/svn/alpha", "device": 65024, "inode": 131073,
       "born": "2023-11-14T22:13:20Z", "uid": 1234, "gid": 1235,
       "mode": "0750", "detail": {"uuid": "eb55e2dd-c13e-45ef-ae12-827a0bee4983",
                                  "fs_type": "fsfs", "format": 8, "revision": 123}}],
    "pointers": [{"kind": "hg", "path": "/home/a/share", "target": "/srv/hg/x/.hg",
                  "why": "share"}],
    "pruned": [{"path": "/proc", "why": "proc"}],
    "errors": [{"path": "/x", "op": "open", "errno": 13, "message": "Permission denied"}]})"));
}

TEST(WriteManifestTest, TheLastByteIsANewline) {
  EXPECT_THAT(write_manifest(header(), ScanResult()), testing::EndsWith("}\n"));
}

TEST(WriteManifestTest, S10_BytesThatAreNoTextStandBesideTheirReadableForm) {
  ScanResult result;
  result.repositories = {hg("/caf\xE9")};
  result.pointers = {{"hg", "/p\xFF", "/t\xFE", "share"}};
  result.pruned = {{"/q\xFF", "proc", false}};
  result.errors = {system_error("open", "/e\xFF", EIO)};
  const Json document = parsed(write_manifest(header({"/", "/r\xFF"}), result));
  const Json& item = document["repositories"][0];
  EXPECT_EQ(item["path"], "/caf\uFFFD");
  EXPECT_EQ(item["path_b64"], base64_encode("/caf\xE9"));
  EXPECT_EQ(item["store_b64"], base64_encode("/caf\xE9/.hg"));
  EXPECT_EQ(document["pointers"][0]["target_b64"], base64_encode("/t\xFE"));
  EXPECT_EQ(document["pruned"][0]["path_b64"], base64_encode("/q\xFF"));
  EXPECT_EQ(document["errors"][0]["path_b64"], base64_encode("/e\xFF"));
  EXPECT_EQ(document["roots"], parsed("[\"/\", \"/r\uFFFD\"]"));
  EXPECT_EQ(document["roots_b64"][1], base64_encode("/r\xFF"));
}

TEST(WriteManifestTest, TextNeedsNoSecondForm) {
  ScanResult result;
  result.repositories = {hg("/caf\u00E9\n\x1b")};
  const std::string text = write_manifest(header(), result);
  EXPECT_THAT(text, testing::Not(HasSubstr("_b64")));
  EXPECT_THAT(text, HasSubstr("\\n\\u001b"));
}

// Every text of a result can be somebody else's: a type of file system is chosen by who mounts a
// FUSE, a host name by who runs the container. None may stop the manifest.
TEST(WriteManifestTest, S10_NoTextOfAnyFieldStopsIt) {
  const std::string odd = "fuse.\xFF\x1b";
  ManifestHeader odd_header = header();
  odd_header.host = odd;
  ScanResult result;
  Repository repository = svn("/a");
  repository.detail = {{"uuid", odd}};
  result.repositories = {repository};
  result.pointers = {{"hg", odd, odd, odd}};
  result.pruned = {{"/mnt", odd, true}};
  result.errors = {plain_error("open", odd, odd)};
  std::string text;
  ASSERT_NO_THROW(text = write_manifest(odd_header, result));
  EXPECT_TRUE(is_utf8(text));
  EXPECT_TRUE(Json::accept(text));
}

TEST(WriteManifestTest, TheOrderOfWhatWasFoundDoesNotShow) {
  ScanResult result;
  for (const char* path : {"/b", "/a", "/a/b", "/a b", "/a\xFF", "/\xFF", "/Z"}) {
    result.repositories.push_back(svn(path));
    result.repositories.push_back(hg(path));
    for (const char* kind : {"svn", "hg", "git"}) {
      result.pointers.push_back({kind, path, std::string("/t/") + kind, "share"});
    }
    result.pruned.push_back({path, "proc", false});
    result.pruned.push_back({path, "dump root", false});
    for (const int code : {EACCES, EIO}) {
      for (const char* op : {"open", "probe"})
        result.errors.push_back(system_error(op, path, code));
    }
  }
  const std::string expected = write_manifest(header(), result);
  std::mt19937 random(20261123);
  for (int round = 0; round < 20; ++round) {
    std::shuffle(result.repositories.begin(), result.repositories.end(), random);
    std::shuffle(result.pointers.begin(), result.pointers.end(), random);
    std::shuffle(result.pruned.begin(), result.pruned.end(), random);
    std::shuffle(result.errors.begin(), result.errors.end(), random);
    const std::string text = write_manifest(header(), result);
    ASSERT_TRUE(text == expected) << "round " << round << ": "
                                  << Json::diff(parsed(expected), parsed(text)).dump(1);
  }
}

TEST(WriteManifestTest, ItIsSortedByRawPath) {
  ScanResult result;
  for (const char* path : {"/\xFF", "/a/b", "/a", "/\u00E9", "/a b"}) {
    result.repositories.push_back(hg(path));
  }
  const Result<Manifest> read = read_manifest(write_manifest(header(), result));
  ASSERT_TRUE(read);
  std::vector<std::string> paths;
  for (const ManifestItem& item : read->items) paths.push_back(item.repository.path);
  EXPECT_THAT(paths, ElementsAre("/a", "/a b", "/a/b", "/\u00E9", "/\xFF"));
}

}  // namespace
}  // namespace repo
