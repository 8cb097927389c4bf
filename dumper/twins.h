// Which items of a run hold the same. Both are copied; people are told. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "dumper/record.h"

namespace repo {

// What is equal for two items only where they hold the same history: the kind, and of svn uuid,
// revision and state, of hg all heads, of git all refs. Empty where it would say
// nothing: of an empty hg or git repository, and of an item without a fingerprint.
std::string identity(const ItemResult& result);

// Shown the results of a run one after the other.
class Twins {
 public:
  // Where an item with the same identity was shown before: a sentence that names the first one.
  std::optional<std::string> note(const ItemResult& result);

 private:
  std::map<std::string, std::string> first_;  // identity → path
};

}  // namespace repo
