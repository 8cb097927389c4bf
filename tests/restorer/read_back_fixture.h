// A generation that is read back.
#pragma once

#include <string>

#include "dumper/damage.h"
#include "restorer/read_back.h"
#include "tests/restorer/generation_fixture.h"

namespace repo {

inline void make_source(const std::string& top) {
  test::write_file(top + "/format", "5\n");
  test::write_file(top + "/db/revs/0", "revision 0\n");
  test::write_file(top + "/db/revs.x", "sorts before what is in revs/, but for the walk\n");
  test::write_file(top + "/db/empty", "");
  test::write_file(top + "/twin", "5\n");
  test::make_folder(top + "/hollow");
  test::make_link(top + "/link", "format");
  test::make_link(top + "/db/away", "/nowhere");
}

class ReadBackTest : public GenerationTest {
 protected:
  Status check(const Patience& patience = test::patient()) {
    const UniqueFd folder = test::open_folder(generation_);
    return check_generation(folder.get(), record_, patience);
  }
  void expect_whole() {
    const Status good = check();
    EXPECT_TRUE(good) << describe(good.error());
  }
  void expect_damage(const std::string& path) {
    const Status found = check();
    ASSERT_FALSE(found);
    EXPECT_TRUE(is_damage(found.error())) << describe(found.error());
    EXPECT_EQ(found.error().path, path) << describe(found.error());
  }
};

}  // namespace repo
