#include "scanner/findings.h"

#include <gtest/gtest.h>

#include <string>

namespace repo {
namespace {

// A hard link costs nothing, so one file may be what thousands of repositories say of themselves.
TEST(FindingsTest, S10_OfLongTextsSoManyAreKeptWhole) {
  Findings findings;
  const std::string text(4000, '\x01');
  constexpr std::size_t kMany = 5000;
  for (std::size_t i = 0; i < kMany; ++i) {
    findings.add(Pointer{"git", "/p" + std::to_string(i), text, "submodule"});
    Repository repository;
    repository.path = "/r" + std::to_string(i);
    repository.detail = {{"requirements", text}};
    findings.add(std::move(repository));
  }
  const ScanResult result = findings.take();
  ASSERT_EQ(result.pointers.size(), kMany);
  ASSERT_EQ(result.repositories.size(), kMany);
  EXPECT_EQ(result.pointers.front().target, text);
  std::size_t bytes = 0;
  for (const Pointer& each : result.pointers) bytes += each.target.size();
  for (const Repository& each : result.repositories) {
    bytes += find_text(each.detail, "requirements")->size();
  }
  EXPECT_LE(bytes, (std::size_t{4} << 20) + 2 * kMany * 300);
}

}  // namespace
}  // namespace repo
