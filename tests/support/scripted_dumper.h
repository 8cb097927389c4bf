// A Dumper whose copies and failures are a test's.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "dumper/dumper.h"

namespace repo::test {

// copy() makes data/ with one file in it, and both steps succeed, unless the test says otherwise.
class ScriptedDumper final : public Dumper {
 public:
  std::function<Result<CopyFacts>(const DumpJob&)> on_copy = make_a_file;
  std::function<Status(const DumpJob&)> on_verify = [](const DumpJob&) { return Status(); };
  mutable std::vector<std::string> steps;

  static Result<CopyFacts> make_a_file(const DumpJob& job);

  std::string tool() const override { return "true"; }
  std::string package() const override { return "coreutils"; }
  Result<std::string> tool_version(const CommandRunner&, const Patience&) const override {
    return std::string("1.0");
  }
  Result<CopyFacts> copy(const DumpJob& job, const CommandRunner&) const override {
    steps.emplace_back("copy");
    return on_copy(job);
  }
  Status verify(const DumpJob& job, const CopyFacts&, const CommandRunner&) const override {
    steps.emplace_back("verify");
    return on_verify(job);
  }
};

}  // namespace repo::test
