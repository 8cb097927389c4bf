// Running things in the real sandbox: a source, a staging directory, and the planted program.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "dumper/command_runner.h"
#include "tests/support/test_support.h"

namespace repo::test {

// A folder with source/ (inside: a file) and staging/ (owned by the tool's user), and beside them
// what no tool may see: a file `secret`.
class SandboxTree {
 public:
  explicit SandboxTree(const std::string& probe);  // copied into staging
  std::string operator/(const std::string& name) const { return tree_ / name; }
  const std::string& path() const { return tree_.path(); }

  // With both folders bound; a minute's patience.
  Command command(const std::vector<std::string>& argv) const;
  // As command(), of the planted program.
  Command probe(std::vector<std::string> words) const;
  // The planted program outside of any sandbox: what it says.
  std::string outside(std::vector<std::string> words) const;

  static constexpr unsigned kUid = 1'900'000'007;
  static constexpr unsigned kOwner = 1234;  // of the source

 private:
  TempDir tree_;
  UniqueFd source_;
  UniqueFd staging_;
};

// Tests of the real sandbox, as root; `probe`: the planted program.
class SandboxTest : public testing::Test {
 protected:
  explicit SandboxTest(const std::string& probe) : tree_(probe) {}
  void SetUp() override;

  SandboxTree tree_;
  std::unique_ptr<CommandRunner> sandbox_;
};

// What the program has said in the sandbox, without its newline; else how it ended.
std::string said(const CommandResult& result);

}  // namespace repo::test
