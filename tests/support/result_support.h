// What a Result must be.
#pragma once

#include <gtest/gtest.h>

#include "base/result.h"

namespace repo::test {

// What `result` must be. Else the test has failed, and goes on with an empty one.
template <typename T>
T value_of(Result<T> result) {
  EXPECT_TRUE(result) << describe(result.error());
  return result ? *std::move(result) : T();
}
template <typename T>
Error error_of(const Result<T>& result) {
  EXPECT_FALSE(result);
  return result ? Error() : result.error();
}

}  // namespace repo::test
