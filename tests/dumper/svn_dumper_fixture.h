// A repository of Subversion without the tools: as files, and svnadmin played.
#pragma once

#include <gtest/gtest.h>

#include "dumper/dumper.h"
#include "tests/support/child.h"
#include "tests/support/dump_support.h"
#include "tests/support/scripted_runner.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {

using test::ScriptedRunner;

constexpr std::uint32_t kUid = 1'900'000'005;

inline void rewrite(const std::string& path, const std::string& bytes) {
  test::write_file(path, bytes);
}

class SvnDumperTest : public testing::Test {
 protected:
  void SetUp() override {
    test::make_svn_skeleton(source_);
    test::make_folder(staging_);
    runner_.on("verify", [this](const Command&) {
      meddle_in_verify_();
      return verify_ends_;
    });
  }
  DumpJob job() {
    source_fd_ = test::open_folder(source_);
    staging_fd_ = test::open_folder(staging_);
    return {test::source_at("svn", source_),
            source_fd_.get(),
            staging_fd_.get(),
            kUid,
            nested_,
            test::patient(),
            {previous_fd_.get(),
             [this](const std::string& path) { return dumper_->is_immutable(path); }},
            verified_};
  }
  // The copy that was just made is the generation before, and the tool has read it.
  void copy_is_the_previous_one(const Detail& verified) {
    test::must_run({"cp", "-a", data_, previous_});
    previous_fd_ = test::open_folder(previous_);
    verified_ = verified;
  }
  Result<CopyFacts> copy() { return dumper_->copy(job(), runner_); }
  CopyFacts must_copy() { return test::value_of(copy()); }
  Error must_fail() { return test::error_of(copy()); }
  Result<Verified> verify(CopyFacts& facts) { return dumper_->verify(job(), facts, runner_); }
  Error must_not_verify(CopyFacts& facts) {
    const Result<Verified> verified = verify(facts);
    EXPECT_FALSE(verified);
    return verified ? Error() : verified.error();
  }

  test::TempDir tree_;
  const std::string source_ = tree_ / "source";
  const std::string staging_ = tree_ / "staging";
  const std::string data_ = staging_ + "/data";
  const std::string previous_ = tree_ / "previous";
  UniqueFd previous_fd_;
  UniqueFd source_fd_;
  UniqueFd staging_fd_;
  std::vector<std::string> nested_;
  std::optional<Detail> verified_;
  ScriptedRunner runner_;
  std::function<void()> meddle_in_verify_ = [] {};
  CommandResult verify_ends_ = ScriptedRunner::exits(0);
  const std::unique_ptr<Dumper> dumper_ = make_svn_dumper();
};

}  // namespace repo
