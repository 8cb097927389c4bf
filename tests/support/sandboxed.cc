#include "tests/support/sandboxed.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "dumper/sandbox.h"
#include "tests/support/child.h"
#include "tests/support/trees.h"

namespace repo::test {

SandboxTree::SandboxTree(const std::string& probe) {
  set_mode(tree_.path(), 0755);
  write_file(tree_ / "secret", "secret bytes");
  set_mode(tree_ / "secret", 0600);
  write_file(tree_ / "source/inside", "inside bytes");
  make_link(tree_ / "source/link-out", tree_ / "secret");
  make_folder(tree_ / "staging");
  std::filesystem::copy_file(probe, tree_ / "staging/probe");
  set_mode(tree_ / "staging/probe", 0755);
  for (const char* each : {"source", "source/inside"}) give_to(tree_ / each, kOwner);
  set_mode(tree_ / "source", 0700);
  set_mode(tree_ / "source/inside", 0600);
  give_to(tree_ / "staging", kUid);
  source_ = open_folder(tree_ / "source");
  staging_ = open_folder(tree_ / "staging");
}

Command SandboxTree::command(const std::vector<std::string>& argv) const {
  Command made;
  made.argv = argv;
  made.binds = {{source_.get(), "/source", false}, {staging_.get(), "/staging", true}};
  made.uid = kUid;
  made.patience = patient();
  return made;
}

Command SandboxTree::probe(std::vector<std::string> words) const {
  words.insert(words.begin(), "/staging/probe");
  return command(words);
}

std::string SandboxTree::outside(std::vector<std::string> words) const {
  words.insert(words.begin(), tree_ / "staging/probe");
  std::string text = must_run(words);
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

void SandboxTest::SetUp() {
  REPO_NEEDS_ROOT();
  Result<std::unique_ptr<CommandRunner>> made = make_sandbox();
  ASSERT_TRUE(made) << describe(made.error());
  sandbox_ = *std::move(made);
}

std::string said(const CommandResult& result) {
  if (!result.ok()) return describe(result);
  std::string text = result.out;
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

}  // namespace repo::test
