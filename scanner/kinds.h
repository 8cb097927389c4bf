// The kinds that a scan looks for, as one value: the built-in ones (signature.h), and those that
// users have defined (user_kind.h).
//
// Built-in kinds are looked for everywhere. Of a user's kind the names of files and directories
// have bits in the same word as the built-in ones; its globs are matched against names only where
// it has no such name, and only in and below its `paths`. There alone, too, a directory without
// subdirectories has to be opened. Without kinds of users nothing of this costs anything.
//
// Threads    A value that is not changed after it is made: any number may read it.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "scanner/signature.h"
#include "scanner/user_kind.h"

namespace repo {

// Whether a kind of that name is built in; else it is a user's.
bool is_built_in(std::string_view kind);

// Kinds of users, a bit for each, by its place in Kinds::user().
using KindSet = std::uint64_t;

// A component of a path that a kind is looked for at or below.
struct KindPlace {
  KindSet here = 0;
  std::map<std::string, std::unique_ptr<KindPlace>, std::less<>> below;
};

// Which kinds of users are looked for in a directory.
struct KindScope {
  KindSet kinds = 0;
  const KindPlace* place = nullptr;  // where one begins below it
};

// What the names in a directory say.
struct Noticed {
  NameBits bits = 0;  // names of signatures
  KindSet kinds = 0;  // a file that a glob of it matches

  bool is_nothing() const { return bits == 0 && kinds == 0; }
};

class Kinds {
 public:
  // The built-in ones.
  Kinds() = default;
  // And these; each is without a mistake (user_check.h). An error where there are more than 64, or
  // more names in them than there are bits left.
  static Result<Kinds> with(std::vector<UserKind> user);

  std::span<const UserKind> user() const { return user_; }
  // Null where no user has defined that one.
  const UserKind* find_user(std::string_view name) const;
  // The built-in ones in the order of their table, then the users'.
  std::vector<std::string> names() const;

  // Of a root, whose path is canonical, and of a directory in one whose scope is known.
  KindScope scope_at(std::string_view path) const;
  KindScope scope_below(const KindScope& parent, std::string_view name) const {
    if (!parent.place) return parent;
    const auto found = parent.place->below.find(name);
    if (found == parent.place->below.end()) return {parent.kinds, nullptr};
    return {parent.kinds | found->second->here, found->second.get()};
  }
  // Whether one of the scope's kinds may be a directory without any subdirectory.
  bool has_leaves(const KindScope& scope) const { return (scope.kinds & leaves_) != 0; }

  // Adds what an entry says in a directory of that scope.
  void notice(const KindScope& scope, std::string_view name, EntryType type,
              Noticed& noticed) const {
    noticed.bits |= name_bit(name, type);
    if (scope.kinds != 0) notice_user(scope.kinds, name, type, noticed);
  }

  // Of the scope's kinds those that the directory may be of: match_user_kind() says whether it is.
  KindSet candidates(const KindScope& scope, const Noticed& noticed) const;

 private:
  struct Name {
    std::string name;
    bool is_directory;
    NameBits bit;
  };

  void notice_user(KindSet kinds, std::string_view name, EntryType type, Noticed& noticed) const;
  Result<NameBits> bit_of(const std::string& name, bool is_directory);
  void place(const std::string& path, KindSet kind);

  std::vector<UserKind> user_;
  std::vector<NameBits> required_;  // of each of them
  std::vector<Name> names_;
  std::array<std::uint64_t, 256> first_bytes_{};  // of the names of each length
  KindSet everywhere_ = 0;
  KindSet leaves_ = 0;
  KindSet globbed_ = 0;             // those that are noticed by their globs
  std::shared_ptr<KindPlace> top_;  // null where no kind has a path
};

}  // namespace repo
