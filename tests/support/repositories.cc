#include "tests/support/repositories.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cctype>
#include <filesystem>
#include <fstream>

#include "tests/support/trees.h"

namespace repo::test {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> operator+(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

// Cuts the last bytes off the largest file below `folder`.
void truncate_the_largest(const std::string& folder) {
  fs::path largest;
  std::uintmax_t size = 0;
  for (const auto& each : fs::recursive_directory_iterator(folder)) {
    if (!each.is_regular_file() || each.file_size() <= size) continue;
    largest = each.path();
    size = each.file_size();
  }
  ASSERT_GT(size, 40U) << folder;
  fs::resize_file(largest, size - 20);
}

const std::vector<std::string> kHg = {"/usr/bin/env",  "HGRCPATH=",         "HGPLAIN=1",
                                      "HGUSER=tester", "LC_ALL=C.UTF-8",    "hg",
                                      "--config",      "extensions.share=", "--cwd"};

const std::vector<std::string> kGit = {"/usr/bin/env",
                                       "GIT_CONFIG_NOSYSTEM=1",
                                       "GIT_CONFIG_GLOBAL=/dev/null",
                                       "GIT_AUTHOR_NAME=tester",
                                       "GIT_AUTHOR_EMAIL=t@localhost",
                                       "GIT_COMMITTER_NAME=tester",
                                       "GIT_COMMITTER_EMAIL=t@localhost",
                                       "LC_ALL=C.UTF-8",
                                       "git",
                                       "-c",
                                       "safe.directory=*",
                                       "-C"};

}  // namespace

std::string file_url(const std::string& path) {
  std::string url = "file://";
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = std::isalnum(byte) != 0 || c == '/' || c == '-' || c == '.' || c == '_';
    url += plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return url;
}

void svn_create(const std::string& path, const std::vector<std::string>& options) {
  must_run(std::vector<std::string>{"svnadmin", "create"} + options + std::vector{path});
}

void svn_commit(const std::string& path, const std::string& file, const std::string& content) {
  const TempDir bytes;
  write_file(bytes / "content", content);
  must_run({"svnmucc", "--non-interactive", "-U", file_url(path), "-m", "a change", "put",
            bytes / "content", file});
}

std::string svn_uuid(const std::string& path) { return must_run({"svnlook", "uuid", path}); }

int svn_youngest(const std::string& path) {
  return std::stoi("0" + must_run({"svnlook", "youngest", path}));
}

std::string svn_tree(const std::string& path) {
  return must_run({"svnlook", "tree", "--full-paths", "--show-ids", path});
}

std::string svn_complaint(const std::string& path) {
  const Ran ran = run({"svnadmin", "verify", "-q", path});
  return ran.status == 0 ? "" : fmt::format("{}: {}", ran.status, ran.err);
}

void svn_set_shard(const std::string& path, int shard) {
  const std::string format = read_file(path + "/db/format");
  write_file(path + "/db/format", first_line(format) + fmt::format("\nlayout sharded {}\n", shard) +
                                      (format.find("addressing") == std::string::npos
                                           ? ""
                                           : format.substr(format.find("addressing"))));
}

void svn_pack(const std::string& path) { must_run({"svnadmin", "pack", "-q", path}); }

std::string hg(const std::string& path, const std::vector<std::string>& words) {
  return must_run(kHg + std::vector{path} + words);
}

Ran try_hg(const std::string& path, const std::vector<std::string>& words) {
  return run(kHg + std::vector{path} + words);
}

void hg_init(const std::string& path, const std::vector<std::string>& options) {
  hg("/", std::vector<std::string>{"init"} + options + std::vector{path});
}

void hg_commit(const std::string& path, const std::string& file, const std::string& content) {
  write_file(path + "/" + file, content);
  hg(path, {"commit", "-q", "-A", "-d", "0 0", "-m", "a change of " + file, file});
}

std::string hg_log(const std::string& path) {
  return hg(path,
            {"log", "--hidden", "-T", "{node} {phase} {branch} {bookmarks} {tags} {obsolete}\n"});
}

std::string hg_complaint(const std::string& path) {
  // verify makes lock files, and what is looked at may be a published copy.
  const TempDir scratch;
  must_run({"cp", "-a", path, scratch / "copy"});
  const Ran ran = try_hg(scratch / "copy", {"verify", "-q"});
  return ran.status == 0 ? "" : fmt::format("{}: {}{}", ran.status, ran.out, ran.err);
}

std::string git(const std::string& path, const std::vector<std::string>& words) {
  return must_run(kGit + std::vector{path} + words);
}

Ran try_git(const std::string& path, const std::vector<std::string>& words) {
  return run(kGit + std::vector{path} + words);
}

void git_init(const std::string& path, const std::vector<std::string>& options) {
  git("/", std::vector<std::string>{"init", "-q", "-b", "main"} + options + std::vector{path});
}

void git_commit(const std::string& path, const std::string& file, const std::string& content) {
  write_file(path + "/" + file, content);
  git(path, {"add", "--", file});
  git(path, {"commit", "-q", "-m", "a change of " + file});
}

std::string git_state(const std::string& path) {
  const std::string head = try_git(path, {"symbolic-ref", "-q", "HEAD"}).out +
                           try_git(path, {"rev-parse", "-q", "--verify", "HEAD"}).out;
  return head + git(path, {"for-each-ref"}) + try_git(path, {"reflog", "show", "refs/stash"}).out;
}

std::string git_complaint(const std::string& path) {
  const Ran ran = try_git(path, {"fsck", "--full", "--no-dangling", "--no-progress"});
  return ran.status == 0 ? "" : fmt::format("{}: {}{}", ran.status, ran.out, ran.err);
}

const std::vector<KindFactory>& kind_factories() {
  static const std::vector<KindFactory> kinds = {
      {"svn", "svnadmin", [](const std::string& path) { svn_create(path); },
       [](const std::string& path, const std::string& content) {
         svn_commit(path, "file", content);
       },
       svn_complaint,
       [](const std::string& path) {
         return svn_uuid(path) + svn_tree(path) + std::to_string(svn_youngest(path));
       },
       [](const std::string& path) { truncate_the_largest(path + "/db/revs"); }},
      {"hg", "hg", [](const std::string& path) { hg_init(path); },
       [](const std::string& path, const std::string& content) {
         hg_commit(path, "file", content);
       },
       hg_complaint, hg_log,
       [](const std::string& path) { truncate_the_largest(path + "/.hg/store/data"); }},
      {"git", "git", [](const std::string& path) { git_init(path); },
       [](const std::string& path, const std::string& content) {
         git_commit(path, "file", content);
       },
       git_complaint, git_state,
       [](const std::string& path) { truncate_the_largest(path + "/.git/objects"); }}};
  return kinds;
}

Storm Storm::svn(const std::string& path, int most) {
  Storm storm(path);
  for (const char* writer : {"a", "b"}) {
    storm.writers_.emplace_back(
        std::vector<std::string>{
            "bash", "-c",
            "for ((i = 0; i < $3; i++)); do\n"
            "  [ -e \"$4\" ] && exit 0\n"
            "  echo \"$2 $i\" >\"$4.$2\"\n"
            "  svnmucc --non-interactive -U \"$1\" -m \"$i\" put \"$4.$2\" \"$2\" || exit 1\n"
            "done",
            "storm", file_url(path), writer, std::to_string(most), storm.stop_file_},
        storm.errors_);
  }
  return storm;
}

Storm Storm::hg(const std::string& path, int most) {
  Storm storm(path);
  for (const char* writer : {"a", "b"}) {
    storm.writers_.emplace_back(
        std::vector<std::string>{"/usr/bin/python3", REPO_TEST_SUPPORT "/planted/hg_writer.py",
                                 path, writer, std::to_string(most), storm.stop_file_},
        storm.errors_);
  }
  return storm;
}

// Plumbing: neither an index nor working files, which the two would quarrel about. A call may fail:
// gc removes the empty folder into which another git is about to write.
Storm Storm::git(const std::string& path, int most) {
  Storm storm(path);
  for (const char* writer : {"a", "b"}) {
    storm.writers_.emplace_back(
        std::vector<std::string>{
            "bash", "-c",
            "export GIT_AUTHOR_NAME=storm GIT_AUTHOR_EMAIL=s@localhost GIT_CONFIG_NOSYSTEM=1\n"
            "export GIT_COMMITTER_NAME=storm GIT_COMMITTER_EMAIL=s@localhost\n"
            "export GIT_CONFIG_GLOBAL=/dev/null\n"
            "g() { git -c safe.directory='*' -C \"$1\" \"${@:2}\"; }\n"
            "for ((i = 0; i < $3; i++)); do\n"
            "  [ -e \"$4\" ] && exit 0\n"
            "  blob=$(echo \"$2 $i\" | g \"$1\" hash-object -w --stdin) || continue\n"
            "  tree=$(printf '100644 blob %s\\tfile\\n' \"$blob\" | g \"$1\" mktree) || continue\n"
            "  parent=${old:-$(g \"$1\" rev-parse main)}\n"
            "  ((i % 3 == 2)) && parent=$(g \"$1\" rev-parse \"$parent^\")\n"
            "  new=$(g \"$1\" commit-tree \"$tree\" -p \"$parent\" -m \"$2 $i\") || continue\n"
            "  g \"$1\" update-ref --create-reflog -m storm \"refs/heads/$2\" \"$new\" && "
            "old=$new\n"
            "done; exit 0",
            "storm", path, writer, std::to_string(most), storm.stop_file_},
        storm.errors_);
  }
  return storm;
}

void Storm::stop() {
  write_file(stop_file_, "");
  for (Background& writer : writers_) {
    EXPECT_EQ(writer.wait(), 0) << "a writer of the storm failed: " << read_file(errors_);
  }
  writers_.clear();
}

}  // namespace repo::test
