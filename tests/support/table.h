// Table tests: a case is a struct that begins with its name.
//
//   struct Case : test::NamedCase { int input; int expected; };
//   INSTANTIATE_TEST_SUITE_P(Inputs, FooTest, testing::Values(Case{"zero", 0, 0}),
//   test::case_name);
#pragma once

#include <gtest/gtest.h>

#include <ostream>
#include <string>

namespace repo::test {

struct NamedCase {
  std::string name;  // letters, digits and '_'
};

inline std::ostream& operator<<(std::ostream& out, const NamedCase& each) {
  return out << each.name;
}

// For the last argument of INSTANTIATE_TEST_SUITE_P.
inline constexpr auto case_name = [](const auto& info) { return info.param.name; };

}  // namespace repo::test
