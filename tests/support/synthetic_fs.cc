#include "tests/support/synthetic_fs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "base/number.h"

namespace repo::test {
namespace {

constexpr std::string_view kRequiresText = "dotencode\nfncache\ngeneraldelta\nrevlogv1\nstore\n";

struct Tree {
  SyntheticShape shape;
  std::uint64_t inner;
  const std::set<std::uint64_t>& repositories;
};

enum class Part : std::uint8_t { kTree, kHg, kStore, kRequires, kFile };

// Where something is: the number of its directory, and what of it.
struct Place {
  std::uint64_t number = 0;
  Part part = Part::kTree;
};

bool is_directory(const Place& place) {
  return place.part != Part::kRequires && place.part != Part::kFile;
}

std::optional<std::uint64_t> index_of(std::string_view name, char letter) {
  if (!name.starts_with(letter)) return std::nullopt;
  return to_number<std::uint64_t>(name.substr(1));
}

std::optional<Place> find_one(const Tree& tree, const Place& from, std::string_view name) {
  const std::uint64_t number = from.number;
  if (name == ".") return from;
  switch (from.part) {
    case Part::kTree:
      if (const auto index = index_of(name, 'd'); index && *index < tree.shape.fan_out) {
        if (number >= tree.inner) return std::nullopt;
        return Place{number * tree.shape.fan_out + 1 + *index, Part::kTree};
      }
      if (const auto index = index_of(name, 'f'); index && *index < tree.shape.files) {
        return Place{number, Part::kFile};
      }
      if (name == ".hg" && tree.repositories.contains(number)) return Place{number, Part::kHg};
      return std::nullopt;
    case Part::kHg:
      if (name == "store") return Place{number, Part::kStore};
      if (name == "requires") return Place{number, Part::kRequires};
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

class SyntheticFile final : public File {
 public:
  explicit SyntheticFile(std::string_view content) : content_(content) {}
  std::uint64_t size() const override { return content_.size(); }
  Result<std::size_t> read_at(std::uint64_t offset, std::span<char> buffer) const override {
    const std::string_view rest = content_.substr(std::min<std::size_t>(offset, content_.size()));
    const std::size_t n = std::min(buffer.size(), rest.size());
    std::memcpy(buffer.data(), rest.data(), n);
    return n;
  }

 private:
  std::string_view content_;
};

// A letter and a number, with its NUL.
class Name {
 public:
  Name(char letter, std::uint64_t index) {
    end_ = fmt::format_to(text_, "{}{}", letter, index);
    *end_ = '\0';
  }
  std::string_view view() const { return {text_, static_cast<std::size_t>(end_ - text_)}; }

 private:
  char text_[24];
  char* end_;
};

class SyntheticDirectory final : public Directory {
 public:
  SyntheticDirectory(const Tree& tree, Place place) : tree_(tree), place_(place) {}

  Status list(EntrySink& sink) override {
    if (place_.part == Part::kHg) {
      sink.on_entry("requires", EntryType::kFile);
      sink.on_entry("store", EntryType::kDirectory);
    }
    if (place_.part != Part::kTree) return {};
    for (unsigned i = 0; i < tree_.shape.files; ++i) {
      sink.on_entry(Name('f', i).view(), EntryType::kFile);
    }
    if (tree_.repositories.contains(place_.number)) sink.on_entry(".hg", EntryType::kDirectory);
    if (place_.number >= tree_.inner) return {};
    for (std::uint64_t i = 0; i < tree_.shape.fan_out; ++i) {
      sink.on_entry(Name('d', i).view(), EntryType::kDirectory);
    }
    return {};
  }

  Result<std::unique_ptr<Directory>> open_directory(const std::string& path,
                                                    bool /*cross_mount*/) const override {
    const Result<Place> found = find(path);
    if (!found) return found.error();
    if (!is_directory(*found)) return system_error("open", path, ENOTDIR);
    return std::unique_ptr<Directory>(std::make_unique<SyntheticDirectory>(tree_, *found));
  }

  Result<std::unique_ptr<File>> open_file(const std::string& path) const override {
    const Result<Place> found = find(path);
    if (!found) return found.error();
    if (is_directory(*found)) return system_error("read", path, EINVAL);
    const bool is_requires = found->part == Part::kRequires;
    return std::unique_ptr<File>(std::make_unique<SyntheticFile>(is_requires ? kRequiresText : ""));
  }

  Result<Metadata> stat_entry(const std::string& path) const override {
    const Result<Place> found = find(path);
    if (!found) return found.error();
    return metadata_of(*found);
  }

  Result<std::string> read_link(const std::string& path) const override {
    const Result<Place> found = find(path);
    return found ? system_error("readlink", path, EINVAL) : found.error();
  }

  void cross_mounts() override {}  // it has none

  // A repository has a subdirectory wherever it is.
  bool is_leaf(const std::string& name) const override {
    const Result<Place> found = find(name);
    return found && found->part == Part::kTree && found->number >= tree_.inner &&
           !tree_.repositories.contains(found->number);
  }

  Result<Metadata> metadata() const override { return metadata_of(place_); }

 private:
  Result<Place> find(const std::string& path) const {
    Place place = place_;
    for (std::string_view rest = path; !rest.empty();) {
      const std::size_t slash = std::min(rest.find('/'), rest.size());
      if (!is_directory(place)) return system_error("find", path, ENOTDIR);
      const std::optional<Place> next = find_one(tree_, place, rest.substr(0, slash));
      if (!next) return system_error("find", path, ENOENT);
      place = *next;
      rest.remove_prefix(std::min(slash + 1, rest.size()));
    }
    return place;
  }

  static Metadata metadata_of(const Place& place) {
    const bool directory = is_directory(place);
    const std::uint64_t size = place.part == Part::kRequires ? kRequiresText.size() : 0;
    const std::uint32_t mode = directory ? 0755 : 0644;
    return {directory ? EntryType::kDirectory : EntryType::kFile,
            1,
            place.number * 8 + static_cast<std::uint64_t>(place.part) + 1,
            size,
            0,
            0,
            mode};
  }

  const Tree tree_;
  const Place place_;
};

}  // namespace

SyntheticFileSystem::SyntheticFileSystem(SyntheticShape shape, std::set<std::uint64_t> repositories)
    : shape_(shape), repositories_(std::move(repositories)) {
  std::uint64_t level = 1;
  directories_ = 1;
  for (unsigned i = 0; i < shape_.depth; ++i) {
    inner_ = directories_;
    level *= shape_.fan_out;
    directories_ += level;
  }
}

std::string SyntheticFileSystem::path_of(std::uint64_t number) const {
  std::string path;
  for (; number > 0; number = (number - 1) / shape_.fan_out) {
    path = fmt::format("/d{}", (number - 1) % shape_.fan_out) + path;
  }
  return path.empty() ? "/" : path;
}

Result<std::unique_ptr<Directory>> SyntheticFileSystem::open_root(const std::string& path) const {
  if (path != "/") return system_error("open", path, ENOENT);
  return std::unique_ptr<Directory>(
      std::make_unique<SyntheticDirectory>(Tree{shape_, inner_, repositories_}, Place{}));
}

}  // namespace repo::test
