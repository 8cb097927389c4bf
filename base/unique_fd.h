// An owned file descriptor: closed once, by whoever holds it last.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace repo {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

  // The descriptor, which is the caller's from now on.
  int release() { return std::exchange(fd_, -1); }

  // Closes now. The error of close(2) is dropped: whoever has written through the descriptor
  // syncs it before, or calls close().
  void reset() { close(); }

  // Closes now: 0, or the errno of close(2). Some file systems (FUSE) tell of a failed write there
  // alone.
  int close() { return fd_ >= 0 && ::close(std::exchange(fd_, -1)) != 0 ? errno : 0; }

 private:
  int fd_ = -1;
};

}  // namespace repo
