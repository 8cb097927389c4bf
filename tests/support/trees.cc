#include "tests/support/trees.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <filesystem>
#include <thread>

#include "tests/support/test_support.h"

namespace repo::test {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kMinute{60};

std::string link_text(const std::string& path) {
  std::array<char, PATH_MAX> text{};
  const ssize_t n = readlink(path.c_str(), text.data(), text.size());
  return n < 0 ? std::string() : std::string(text.data(), static_cast<std::size_t>(n));
}

// Calls `each` with the path below `top`, the whole path and lstat's word, in the order of paths.
template <typename Each>
void for_each_entry(const std::string& top, Each each) {
  std::vector<std::string> below = {""};
  if (S_ISDIR(lstat_of(top).st_mode)) {
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(top)) {
      below.push_back(entry.path().string().substr(top.size() + 1));
    }
  }
  std::sort(below.begin(), below.end());
  for (const std::string& path : below) {
    const std::string whole = path.empty() ? top : top + "/" + path;
    each(path, whole, lstat_of(whole));
  }
}

std::string what_it_is(const std::string& path, const struct stat& st) {
  if (S_ISDIR(st.st_mode)) return "dir";
  if (S_ISLNK(st.st_mode)) return "-> " + link_text(path);
  if (S_ISFIFO(st.st_mode)) return "fifo";
  if (S_ISSOCK(st.st_mode)) return "socket";
  if (S_ISREG(st.st_mode)) return read_file(path);
  return "device";
}

}  // namespace

Patience patient() { return {std::chrono::steady_clock::now() + kMinute, kMinute}; }

Patience no_time() { return {std::chrono::steady_clock::time_point::min(), kMinute}; }

UniqueFd open_folder(const std::string& path) {
  UniqueFd folder(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  EXPECT_TRUE(folder) << path << ": " << std::strerror(errno);
  return folder;
}

void make_folder(const std::string& path) {
  ASSERT_EQ(mkdir(path.c_str(), 0700), 0) << path << ": " << std::strerror(errno);
}

void make_fifo(const std::string& path) {
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0) << path << ": " << std::strerror(errno);
}

void make_socket(const std::string& path) {
  const UniqueFd socket_fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  struct sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  ASSERT_LT(path.size(), sizeof address.sun_path);
  std::memcpy(address.sun_path, path.data(), path.size());
  ASSERT_EQ(bind(socket_fd.get(), reinterpret_cast<struct sockaddr*>(&address), sizeof address), 0)
      << path << ": " << std::strerror(errno);
}

void make_link(const std::string& path, const std::string& text) {
  ASSERT_EQ(symlink(text.c_str(), path.c_str()), 0) << path << ": " << std::strerror(errno);
}

void set_mode(const std::string& path, mode_t mode) {
  ASSERT_EQ(chmod(path.c_str(), mode), 0) << path << ": " << std::strerror(errno);
}

void give_to(const std::string& path, unsigned id) {
  ASSERT_EQ(lchown(path.c_str(), id, id), 0) << path << ": " << std::strerror(errno);
}

void set_mtime(const std::string& path, std::int64_t seconds, std::int64_t nanoseconds) {
  const std::array<struct timespec, 2> times = {{{seconds, nanoseconds}, {seconds, nanoseconds}}};
  ASSERT_EQ(utimensat(AT_FDCWD, path.c_str(), times.data(), AT_SYMLINK_NOFOLLOW), 0)
      << path << ": " << std::strerror(errno);
}

struct stat lstat_of(const std::string& path) {
  struct stat st = {};
  EXPECT_EQ(lstat(path.c_str(), &st), 0) << path << ": " << std::strerror(errno);
  return st;
}

bool exists(const std::string& path) {
  struct stat st = {};
  return lstat(path.c_str(), &st) == 0;
}

std::vector<std::string> names_in(const std::string& path) {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(path)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

int make_deep(const std::string& top, int depth) {
  UniqueFd at = open_folder(top);
  for (int made = 0; made < depth; ++made) {
    if (mkdirat(at.get(), "n", 0700) != 0) return made;
    at = UniqueFd(openat(at.get(), "n", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!at) return made;
  }
  return depth;
}

namespace {

std::string line_of(const std::string& path, const std::string& whole, const struct stat& st) {
  return fmt::format(
      "{} ino={} mode={:o} links={} owner={}:{} size={} mtime={}.{:09} ctime={}.{:09} {}\n",
      path.empty() ? "." : path, st.st_ino, st.st_mode, st.st_nlink, st.st_uid, st.st_gid,
      st.st_size, st.st_mtim.tv_sec, st.st_mtim.tv_nsec, st.st_ctim.tv_sec, st.st_ctim.tv_nsec,
      link_text(whole));
}

}  // namespace

std::string snapshot(const std::string& top) {
  std::string lines;
  for_each_entry(top, [&](const std::string& path, const std::string& whole, const auto& st) {
    lines += line_of(path, whole, st);
  });
  return lines;
}

std::string snapshot_of_files(const std::string& top) {
  std::string lines;
  for_each_entry(top, [&](const std::string& path, const std::string& whole, const auto& st) {
    if (!S_ISDIR(st.st_mode)) lines += line_of(path, whole, st);
  });
  return lines;
}

std::map<std::string, std::string> contents(const std::string& top) {
  std::map<std::string, std::string> found;
  for_each_entry(top, [&](const std::string& path, const std::string& whole, const auto& st) {
    found[path] = what_it_is(whole, st);
  });
  return found;
}

std::map<std::string, std::string> contents_and_x(const std::string& top) {
  std::map<std::string, std::string> found;
  for_each_entry(top, [&](const std::string& path, const std::string& whole, const auto& st) {
    const bool runs = S_ISREG(st.st_mode) && (st.st_mode & S_IXUSR) != 0;
    found[path] = (runs ? "x " : "") + what_it_is(whole, st);
  });
  return found;
}

void next_tick(const std::string& folder) {
  const std::string clock = folder + "/.clock";
  auto now = [&] {
    UniqueFd file(open(clock.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    const struct stat st = lstat_of(clock);
    unlink(clock.c_str());
    return std::pair(st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
  };
  const auto before = now();
  while (now() == before) {
  }
}

void let_age(const std::string& top, std::chrono::seconds age) {
  std::int64_t newest = 0;
  for_each_entry(top, [&](const std::string&, const std::string&, const struct stat& st) {
    newest = std::max<std::int64_t>(newest, st.st_ctim.tv_sec);
  });
  std::this_thread::sleep_until(
      std::chrono::system_clock::time_point(std::chrono::seconds(newest + 1) + age));
}

}  // namespace repo::test
