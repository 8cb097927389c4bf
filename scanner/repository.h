// What a scan finds, as plain values.
//
// All paths are raw bytes, absolute and canonical.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/error.h"

namespace repo {

// What a probe read about a repository, in the order it is written: svn: uuid, fs_type, format,
// revision; hg: changesets, tip, first, shared, requirements; git: head, bare, empty,
// object_format, ref_format, shallow, partial, alternates, worktrees; postgres: version,
// system_identifier, catalog_version, state, status, port, socket, data_directory, config_file.
// What each means stands in docs/schemas/manifest.schema.json. A value that is unknown is left out;
// so `false` and 0 say that it is known not to be.
using DetailValue = std::variant<std::string, std::uint64_t, bool>;
using Detail = std::vector<std::pair<std::string, DetailValue>>;

const DetailValue* find_detail(const Detail& detail, const std::string& key);
// Where the value is there and of that type.
std::optional<std::uint64_t> find_number(const Detail& detail, const std::string& key);
std::optional<std::string> find_text(const Detail& detail, const std::string& key);
std::optional<bool> find_flag(const Detail& detail, const std::string& key);

struct Repository {
  std::string kind;          // "svn", "hg", "git", "postgres"
  std::string path;          // the directory that the tool is given
  std::string store;         // what is copied: the path itself, or path/.hg, path/.git
  std::uint64_t device = 0;  // of the directory at `path`
  std::uint64_t inode = 0;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint32_t mode = 0;
  std::optional<UtcTime> born{};  // when that directory was made, where the file system tells
  Detail detail{};
};

// Leads to a repository elsewhere.
struct Pointer {
  std::string kind;
  std::string path;
  std::string target;  // by text alone: nothing was followed
  std::string why;     // "share", "linked worktree" …
  // The id of the one among ScanResult::repositories that it leads to; see pointers.h.
  std::optional<std::string> repository = std::nullopt;
};

// A directory that was not entered, or (a base backup, a standby) of which nothing is an item but
// what people have put into it.
struct Pruned {
  std::string path;
  std::string why;
  bool notable = false;  // may hold repositories: told to people as "not looked at"
};

struct ScanStats {
  std::uint64_t directories = 0;       // seen
  std::uint64_t directories_read = 0;  // opened and listed
  std::uint64_t leaf_skipped = 0;      // told from metadata to have no subdirectory
  std::uint64_t entries = 0;
  std::uint64_t vanished = 0;  // gone between listing and opening
  double seconds = 0;
};

struct ScanResult {
  std::vector<Repository> repositories;
  std::vector<Pointer> pointers;
  std::vector<Pruned> pruned;
  std::vector<Error> errors;
  ScanStats stats;
  bool complete = false;  // every directory that was not pruned was seen to its end
};

}  // namespace repo
