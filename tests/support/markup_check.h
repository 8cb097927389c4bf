// A strict look at markup that must be HTML and XML at once: every element closed in order, every
// attribute quoted and given once, no loose "<" or "&".
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace repo::test {

// What is wrong first, and where; empty: nothing.
std::string broken_markup(std::string_view text);

struct Element {
  std::string name;
  std::vector<std::pair<std::string, std::string>> attributes;  // values as they stand there
};
// All start tags, in their order. Of markup that is not broken.
std::vector<Element> elements_of(std::string_view text);

}  // namespace repo::test
