// What is copied and what is only listed: the section [policy] of the configuration. Pure.
//
//   [policy]
//   list = ["*/scratch/*", "kind=git owner=ci", "size>50GiB"]
//   dump = ["/home/*/scratch/keep/*"]
//   default-list = true
//
// A rule is one or more conditions with blanks between them, all of which must hold:
//
//   GLOB or path=GLOB   fnmatch(3): on the whole path (of the repository itself, not of what lies
//                       below it), without '/' on any one component of it. One a rule; '?' stands
//                       for a blank too.
//   kind=KIND
//   owner=USER          a name or a number
//   size>SIZE, size<SIZE   what the source takes on disk: a number with B, KiB, MiB, GiB or TiB
//
// A repository is only listed when a list rule holds for it and no dump rule does. Which rules
// there are does not depend on their order. The built-in list rules (policy_defaults.h) are below
// these: default-list = false turns them off.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/config.h"
#include "scanner/repository.h"

namespace repo {

struct Rule {
  std::string text;  // as it was written
  std::string path;  // glob; empty: any
  std::string kind;
  std::string owner;                   // as it was written
  std::optional<std::uint32_t> uid;    // of owner
  bool any_owner = false;              // find_owners(): its user is not known
  std::optional<std::uint64_t> above;  // bytes
  std::optional<std::uint64_t> below;
  int line = 0;
};

struct Policy {
  std::vector<Rule> list;
  std::vector<Rule> dump;
  bool default_list = true;
};

// The error says what is wrong, with its line: a key that is none of the three above, a condition
// that means nothing, a kind for which `is_kind` is false.
Result<Policy> read_policy(const ConfigSection& section,
                           const std::function<bool(const std::string&)>& is_kind);

// Sets Rule::uid by the user database's answers. Returns the rules whose user it does not know: a
// list rule then holds for nothing, and a dump rule for everybody, so that nothing is left out by
// mistake.
using FindUser = std::function<std::optional<std::uint32_t>(const std::string& name)>;
std::vector<Rule> find_owners(Policy& policy, const FindUser& find_user);

enum class Verdict {
  kDump,
  kList,
  kAskAgain,  // it depends on the size
};

struct Decision {
  Verdict verdict = Verdict::kDump;
  std::string rule;  // kList: the list rule that holds
  std::string note;  // kList: for people, with what to do about it
};

// `size`: bytes on disk, nothing where that is not known (yet).
Decision decide(const Policy& policy, const Repository& repository,
                std::optional<std::uint64_t> size);

}  // namespace repo
