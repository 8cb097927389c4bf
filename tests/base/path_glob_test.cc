// Globs that can match nothing.
#include "base/path_glob.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace repo {
namespace {

TEST(PathGlobTest, WhatCanMatchIsTaken) {
  for (const char* glob : {"/srv/a", "/srv/*", "*/a", "?srv/a", "[/]srv/a", "name", "n*", "/",
                           ".hidden", "/srv/.x/..y"}) {
    EXPECT_EQ(mistake_in_glob(glob), std::nullopt) << glob;
  }
}

TEST(PathGlobTest, WhatCannotIsToldWithTheWayOut) {
  for (const char* glob : {"srv/a", "~/a", "./a", "a/*"}) {
    EXPECT_THAT(mistake_in_glob(glob).value_or(""), testing::HasSubstr("begin it with /")) << glob;
  }
  EXPECT_THAT(mistake_in_glob("/srv/a/").value_or(""),
              testing::AllOf(testing::HasSubstr("\"/srv/a\""), testing::HasSubstr("\"/srv/a/*\"")));
  for (const char* glob : {"/srv//a", "/srv/./a", "/srv/../a", "/srv/a/..", "*/.", "//"}) {
    EXPECT_THAT(mistake_in_glob(glob).value_or(""), testing::HasSubstr("empty part")) << glob;
  }
  EXPECT_THAT(mistake_in_glob("node_modules/").value_or(""),
              testing::HasSubstr("\"node_modules\" is any directory of that name"));
  EXPECT_THAT(mistake_in_glob("*/").value_or(""), testing::HasSubstr("none ends with /"));
  EXPECT_THAT(mistake_in_glob("").value_or(""), testing::HasSubstr("empty glob"));
}

}  // namespace
}  // namespace repo
