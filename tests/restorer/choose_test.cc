// Which items are meant.
#include "restorer/choose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace repo {
namespace {

using testing::ElementsAre;

TEST(NearestNamesTest, TheFewestLettersToChangeComeFirst) {
  const std::vector<std::string> names = {"/srv/svn/alpha", "/srv/svn/beta", "/srv/git/gamma",
                                          "/home/u/delta"};
  EXPECT_THAT(nearest_names("/srv/svn/alpah", names),
              ElementsAre("/srv/svn/alpha", "/srv/svn/beta", "/srv/git/gamma"));
}

}  // namespace
}  // namespace repo
