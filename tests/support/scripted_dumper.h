// A Dumper whose copies and failures are a test's.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "dumper/dumper.h"

namespace repo::test {

// copy() makes data/ with one file in it, and both steps succeed, unless the test says otherwise.
// A look is one at all of the source.
class ScriptedDumper final : public Dumper {
 public:
  std::function<Result<CopyFacts>(const DumpJob&)> on_copy = make_a_file;
  // Has read all that the job asks for.
  std::function<Status(const DumpJob&)> on_verify = [](const DumpJob&) { return Status(); };
  std::function<bool(std::string_view path)> on_immutable = [](std::string_view) { return false; };
  std::function<std::optional<std::string>(const Detail& before, const Detail& now)> on_alarm =
      [](const Detail&, const Detail&) { return std::nullopt; };
  mutable std::vector<std::string> steps;

  static Result<CopyFacts> make_a_file(const DumpJob& job);

  std::string tool() const override { return "true"; }
  std::string package() const override { return "coreutils"; }
  Result<std::string> tool_version(const CommandRunner&, const Patience&) const override {
    return std::string("1.0");
  }
  Result<TreeLook> look(const DumpJob& job, const Seen& seen) const override {
    return look_at_tree({job.source_fd, std::nullopt}, job.skip_nested(""), job.patience, seen);
  }
  bool is_immutable(std::string_view path) const override { return on_immutable(path); }
  Result<CopyFacts> copy(const DumpJob& job, const CommandRunner&) const override {
    steps.emplace_back("copy");
    return on_copy(job);
  }
  Result<Verified> verify(const DumpJob& job, CopyFacts&, const CommandRunner&) const override {
    steps.emplace_back("verify");
    if (Status verified = on_verify(job); !verified) return verified.error();
    return job.verified ? Verified::kNewPart : Verified::kWhole;
  }
  std::optional<std::string> alarm(const Detail& before, const Detail& now) const override {
    return on_alarm(before, now);
  }
};

}  // namespace repo::test
