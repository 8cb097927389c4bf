#include "bench/tree_gen.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <vector>

#include "base/file_io.h"
#include "base/unique_fd.h"
#include "bench/names.h"
#include "bench/random.h"

namespace repo::bench {
namespace {

// Directories of each depth, from 1, in thousandths.
constexpr std::array<std::uint64_t, 15> kDepths = {1,   8,  25, 55, 90, 140, 190, 170,
                                                   130, 90, 50, 30, 13, 6,   2};

// Of 1000 directories, `share` have 0..reach * mean files, evenly. The mean comes out exactly.
struct FilesBand {
  std::uint64_t share;
  std::uint64_t reach;
};
constexpr std::array<FilesBand, 5> kFiles = {{{200, 0}, {500, 1}, {250, 4}, {49, 8}, {1, 108}}};

constexpr std::uint64_t kDecoyEvery = 100;

// One depth of the tree. The first `inner` directories have subdirectories; parents[i] is the
// index of directory i's parent among the inner ones one level up.
struct Level {
  std::uint64_t inner = 0;
  std::vector<std::uint64_t> parents;
};

std::vector<std::uint64_t> level_sizes(std::uint64_t directories) {
  std::vector<std::uint64_t> sizes;
  std::uint64_t thousandths = 0;
  std::uint64_t before = 0;
  for (const std::uint64_t share : kDepths) {
    thousandths += share;
    const std::uint64_t until = directories * thousandths / 1000;
    if (until > before) sizes.push_back(until - before);
    before = until;
  }
  return sizes;
}

std::vector<Level> plan_levels(std::uint64_t directories, unsigned leaf_percent, Random& random) {
  const std::vector<std::uint64_t> sizes = level_sizes(directories);
  std::vector<Level> levels;
  std::uint64_t above = 1;  // inner directories one level up; at first the target
  for (std::size_t depth = 0; depth < sizes.size(); ++depth) {
    const std::uint64_t size = sizes[depth];
    Level level;
    for (std::uint64_t i = 0; i < size; ++i) {
      // One for each, so that inner means inner; the others crowd together, as they do in life.
      const std::uint64_t skewed = random.below(random.below(above) + 1);
      level.parents.push_back(i < above ? i : skewed);
    }
    for (std::uint64_t i = size; i > 1; --i) {
      std::swap(level.parents[i - 1], level.parents[random.below(i)]);
    }
    const std::uint64_t next = depth + 1 < sizes.size() ? sizes[depth + 1] : 0;
    const std::uint64_t wanted = std::max<std::uint64_t>(1, size * (100 - leaf_percent) / 100);
    level.inner = std::min({wanted, size, next});
    above = level.inner;
    levels.push_back(std::move(level));
  }
  return levels;
}

std::uint64_t files_for(std::uint64_t mean, Random& random) {
  std::uint64_t at = random.below(1000);
  for (const FilesBand& band : kFiles) {
    if (at < band.share) return random.below(band.reach * mean + 1);
    at -= band.share;
  }
  return 0;
}

// Writes below one directory. The first failure is kept in `status` and ends the work.
class Writer {
 public:
  Writer(UniqueFd top, const TreeShape& shape) : top_(std::move(top)), shape_(shape) {}

  Result<TreeCounts> write() {
    const std::vector<Level> levels = plan_levels(shape_.directories, shape_.leaf_percent, random_);
    std::vector<std::string> above = {""};  // the inner directories one level up, with a '/' each
    std::vector<std::string> inner;         // of all levels
    for (const Level& level : levels) {
      std::vector<std::string> here;
      for (std::uint64_t i = 0; i < level.parents.size(); ++i) {
        std::string path = write_directory(above[level.parents[i]], i);
        if (!status_) return status_.error();
        if (i < level.inner) here.push_back(std::move(path));
      }
      counts_.leaves += level.parents.size() - level.inner;
      inner.insert(inner.end(), here.begin(), here.end());
      above = std::move(here);
    }
    // In directories that have others: a repository in a leaf would make it none.
    auto somewhere = [&]() -> const std::string& {
      return inner.empty() ? above.front() : inner[random_.below(inner.size())];
    };
    for (std::uint64_t i = 0; i < shape_.svn && status_; ++i) write_svn(somewhere(), i);
    for (std::uint64_t i = 0; i < shape_.hg && status_; ++i) write_hg(somewhere(), i);
    for (std::uint64_t i = 0; i < shape_.git && status_; ++i) write_git(somewhere(), i);
    if (!status_) return status_.error();
    return counts_;
  }

 private:
  std::string write_directory(const std::string& parent, std::uint64_t number) {
    const bool named_db = random_.one_in(kDecoyEvery) && !exists(parent + "db");
    std::string path = parent + (named_db ? "db" : directory_name(random_, number)) + '/';
    make_directory(path);
    Result<UniqueFd> opened = open_beneath(top_.get(), path, O_RDONLY | O_DIRECTORY);
    if (!opened) {
      fail(opened.error());
      return path;
    }
    const std::uint64_t files = files_for(shape_.files_per_directory, random_);
    for (std::uint64_t i = 0; i < files && status_; ++i) {
      const bool named_format = i == 0 && random_.one_in(kDecoyEvery / 10);
      link_file(opened->get(), named_format ? "format" : file_name(random_, i));
    }
    return path;
  }

  void write_svn(const std::string& parent, std::uint64_t number) {
    const std::string path = fmt::format("{}svn-repository-{}/", parent, number);
    make_directory(path);
    make_directory(path + "db/");
    write_file(path + "format", "5\n");
    write_file(path + "db/fs-type", "fsfs\n");
    write_file(path + "db/format", "8\nlayout sharded 1000\naddressing logical\n");
    write_file(path + "db/uuid", fmt::format("00000000-0000-4000-8000-{:012}\n", number));
    write_file(path + "db/current", "0\n");
    ++counts_.leaves;
    ++counts_.repositories;
  }

  void write_hg(const std::string& parent, std::uint64_t number) {
    const std::string path = fmt::format("{}hg-repository-{}/", parent, number);
    make_directory(path);
    make_directory(path + ".hg/");
    make_directory(path + ".hg/store/");
    write_file(path + ".hg/requires", "dotencode\nfncache\ngeneraldelta\nrevlogv1\nstore\n");
    ++counts_.leaves;
    ++counts_.repositories;
  }

  // In turns one with working files and a bare one.
  void write_git(const std::string& parent, std::uint64_t number) {
    const bool bare = number % 2 == 1;
    const std::string path =
        fmt::format("{}git-repository-{}{}", parent, number, bare ? ".git/" : "/");
    make_directory(path);
    const std::string git = bare ? path : path + ".git/";
    if (!bare) make_directory(git);
    make_directory(git + "objects/");
    make_directory(git + "refs/");
    write_file(git + "HEAD", "ref: refs/heads/main\n");
    write_file(git + "config", "[core]\n\trepositoryformatversion = 0\n");
    counts_.leaves += 2;
    ++counts_.repositories;
  }

  bool exists(const std::string& path) const {
    return faccessat(top_.get(), path.c_str(), F_OK, 0) == 0;
  }

  void make_directory(const std::string& path) {
    if (!status_) return;
    if (mkdirat(top_.get(), path.c_str(), 0755) != 0) fail(system_error("mkdir", path, errno));
    ++counts_.directories;
  }

  void write_file(const std::string& path, std::string_view bytes) {
    if (!status_) return;
    const UniqueFd fd(
        openat(top_.get(), path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (!fd) return fail(system_error("create", path, errno));
    if (Status written = write_all(fd.get(), bytes); !written) fail(written.error());
    ++counts_.files;
  }

  // A link to the file that was linked before, until that has as many as its file system allows.
  void link_file(int directory, const std::string& name) {
    ++counts_.files;
    if (linked_) {
      if (linkat(linked_.get(), linked_name_.c_str(), directory, name.c_str(), 0) == 0) return;
      if (errno != EMLINK) return fail(system_error("link", name, errno));
    }
    const UniqueFd fd(
        openat(directory, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (!fd) return fail(system_error("create", name, errno));
    if (Status written = write_all(fd.get(), "made by bench-tree-gen\n"); !written) {
      return fail(written.error());
    }
    linked_ = UniqueFd(fcntl(directory, F_DUPFD_CLOEXEC, 0));
    linked_name_ = name;
  }

  void fail(Error error) {
    if (status_) status_ = std::move(error);
  }

  UniqueFd top_;
  const TreeShape shape_;
  Random random_{shape_.seed};
  TreeCounts counts_;
  Status status_;
  UniqueFd linked_;  // the directory of the file that is linked
  std::string linked_name_;
};

}  // namespace

Result<TreeCounts> make_tree(const std::string& target, const TreeShape& shape) {
  if (shape.leaf_percent > 100) return plain_error("fill", target, "more leaves than directories");
  if (mkdir(target.c_str(), 0755) != 0 && errno != EEXIST) {
    return system_error("mkdir", target, errno);
  }
  UniqueFd top(open(target.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!top) return system_error("open", target, errno);
  std::error_code code;
  const bool empty = std::filesystem::is_empty(target, code);
  if (code) return system_error("read", target, code.value());
  if (!empty) return system_error("fill", target, ENOTEMPTY);
  return Writer(std::move(top), shape).write();
}

}  // namespace repo::bench
