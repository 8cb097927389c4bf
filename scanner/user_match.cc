#include "scanner/user_match.h"

#include <algorithm>
#include <cerrno>
#include <set>

#include "scanner/user_pattern.h"

namespace repo {
namespace {

bool matches_any(const std::vector<std::string>& patterns, std::string_view name) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return pattern_matches(pattern, name); });
}

// What of a directory's entries the signature asks for.
class Names final : public EntrySink {
 public:
  explicit Names(const UserSignature& signature) : signature_(signature) {}

  void on_entry(std::string_view name, EntryType type) override {
    const auto is_named = [&](const std::vector<std::string>& names) {
      return std::find(names.begin(), names.end(), name) != names.end();
    };
    if (is_named(signature_.directories) || is_named(signature_.files) ||
        matches_a_glob(signature_, name)) {
      found_.emplace_back(name, type);
    }
  }

  // With the types that the listing did not tell.
  Status complete(const Directory& directory) {
    for (auto& [name, type] : found_) {
      if (type != EntryType::kUnknown) continue;
      const Result<Metadata> metadata = directory.stat_entry(name);
      if (!metadata && metadata.error().code != ENOENT) return metadata.error();
      if (metadata) type = metadata->type;
    }
    return {};
  }

  std::set<std::string> of(EntryType wanted) const {
    std::set<std::string> names;
    for (const auto& [name, type] : found_) {
      if (type == wanted) names.insert(name);
    }
    return names;
  }

 private:
  const UserSignature& signature_;
  std::vector<std::pair<std::string, EntryType>> found_;
};

}  // namespace

bool matches_a_glob(const UserSignature& signature, std::string_view name) {
  return !matches_any(signature.excepted, name) &&
         (matches_any(signature.globs, name) || may_have_magic(signature, name));
}

bool may_have_magic(const UserSignature& signature, std::string_view name) {
  return std::any_of(signature.magics.begin(), signature.magics.end(),
                     [&](const UserMagic& magic) { return matches_any(magic.globs, name); });
}

Result<bool> has_magic(const Directory& directory, const std::string& name,
                       const UserSignature& signature) {
  std::unique_ptr<File> file;
  for (const UserMagic& magic : signature.magics) {
    if (!matches_any(magic.globs, name)) continue;
    if (!file) {
      Result<std::unique_ptr<File>> opened = directory.open_file(name);
      if (!opened) {
        const int code = opened.error().code;
        const bool is_other = code == ENOENT || code == ELOOP || code == EINVAL || code == ENXIO;
        return is_other ? Result<bool>(false) : opened.error();
      }
      file = *std::move(opened);
    }
    std::string bytes(magic.bytes.size(), '\0');
    const Result<std::size_t> n = file->read_at(magic.offset, bytes);
    if (!n) return n.error();
    if (*n == bytes.size() && bytes == magic.bytes) return true;
  }
  return false;
}

namespace {

// Lists it, and knows the types.
Result<Names> names_of(Directory& directory, const UserSignature& signature) {
  Names names(signature);
  if (Status listed = directory.list(names); !listed) return listed.error();
  if (Status known = names.complete(directory); !known) return known.error();
  return names;
}

Result<std::vector<std::string>> matching_among(const std::set<std::string>& files,
                                                const Directory& directory,
                                                const UserSignature& signature) {
  std::vector<std::string> matches;
  for (const std::string& name : files) {
    if (matches_any(signature.excepted, name)) continue;
    bool counts = signature.globs.empty() || matches_any(signature.globs, name);
    if (!signature.magics.empty()) {
      const Result<bool> has = has_magic(directory, name, signature);
      if (!has) return has.error();
      counts = *has;
    }
    if (counts) matches.push_back(name);
  }
  return matches;
}

}  // namespace

Result<std::optional<std::vector<std::string>>> match_user_kind(Directory& directory,
                                                                const UserSignature& signature) {
  using Matches = std::optional<std::vector<std::string>>;
  const Result<Names> names = names_of(directory, signature);
  if (!names) return names.error();
  const std::set<std::string> files = names->of(EntryType::kFile);
  const std::set<std::string> directories = names->of(EntryType::kDirectory);
  const auto has_all = [](const std::vector<std::string>& wanted,
                          const std::set<std::string>& there) {
    return std::all_of(wanted.begin(), wanted.end(),
                       [&](const std::string& each) { return there.contains(each); });
  };
  if (!has_all(signature.files, files) || !has_all(signature.directories, directories)) {
    return Matches();
  }
  for (const std::string& glob : signature.globs) {
    if (std::none_of(files.begin(), files.end(), [&](const std::string& name) {
          return pattern_matches(glob, name) && !matches_any(signature.excepted, name);
        })) {
      return Matches();
    }
  }
  Result<std::vector<std::string>> matches = matching_among(files, directory, signature);
  if (!matches) return matches.error();
  if (!signature.magics.empty() && matches->empty()) return Matches();
  return Matches(*std::move(matches));
}

Result<std::vector<std::string>> matching_files(Directory& directory,
                                                const UserSignature& signature) {
  const Result<Names> names = names_of(directory, signature);
  if (!names) return names.error();
  return matching_among(names->of(EntryType::kFile), directory, signature);
}

}  // namespace repo
