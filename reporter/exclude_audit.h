// Whether what a file-level backup leaves out has a copy: excluded paths (see read_exclude_list())
// against the repositories that are known. Pure; values only.
#pragma once

#include <string>
#include <vector>

namespace repo {

// A repository of the last manifest, or one that the dump root has a copy of.
struct KnownRepository {
  std::string path;       // raw bytes, canonical, like `store`
  std::string store;      // `path` or below it
  bool promised = false;  // `current` has a copy of it that is verified and fresh
  std::string state{};    // for people, where it is not promised: "copy is 9 days old"
};

enum class ExcludeFault {
  kNoFreshCopy,        // repositories in it, or the one that it lies in, are not promised
  kReachesBeyond,      // all in it are promised, but it is in no store: what is beside has no copy
  kHoldsNoRepository,  // nothing that was found is in it, and it is in nothing that was found
};

struct ExcludeFinding {
  std::string path;  // as excluded
  ExcludeFault fault;
  std::vector<KnownRepository> repositories{};  // kNoFreshCopy: the ones that are not promised
};

// The excluded paths without a finding are those that lie in a promised store and have no
// repository in them that is not promised. A repository inside another's store is not part of the
// outer one's copy: of several stores around a path the innermost decides. In the order of
// `excluded`, at most one finding for each; where two faults apply, the first of ExcludeFault.
// `excluded` and `known` in any order; "/" is within nothing and everything is in it.
std::vector<ExcludeFinding> audit_excludes(const std::vector<std::string>& excluded,
                                           const std::vector<KnownRepository>& known);

// The finding in one line, for people; paths are made printable.
std::string describe(const ExcludeFinding& finding);

}  // namespace repo
