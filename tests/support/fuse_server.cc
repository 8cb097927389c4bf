#include "tests/support/fuse_server.h"

#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/fuse.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "base/unique_fd.h"

namespace repo::test {
namespace {

// chain[i] is the one entry of node i + 1.
constexpr std::array<std::string_view, 3> kChain = {"a", ".hg", "store"};

fuse_attr attributes(std::uint64_t node) {
  fuse_attr attr = {};
  attr.ino = node;
  attr.mode = S_IFDIR | 0755;
  attr.nlink = 2;
  return attr;
}

class Session {
 public:
  Session(int fd, FuseServer::Answers answers) : fd_(fd), answers_(answers) {}

  // Until the file system is unmounted.
  void serve() {
    while (true) {
      const ssize_t n = read(fd_, request_.data(), request_.size());
      if (n < 0 && (errno == EINTR || errno == ENOENT)) continue;
      if (n <= 0) return;
      std::memcpy(&header_, request_.data(), sizeof header_);
      if (answers_ != FuseServer::Answers::kNever) answer();
    }
  }

 private:
  void answer() {
    switch (header_.opcode) {
      case FUSE_INIT: {
        fuse_init_out out = {};
        out.major = FUSE_KERNEL_VERSION;
        out.minor = FUSE_KERNEL_MINOR_VERSION;
        out.max_write = 4096;
        return reply(0, &out, sizeof out);
      }
      case FUSE_GETATTR: {
        fuse_attr_out out = {};
        out.attr = attributes(header_.nodeid);
        return reply(0, &out, sizeof out);
      }
      case FUSE_LOOKUP:
        return answer_lookup();
      case FUSE_OPENDIR: {
        const fuse_open_out out = {};
        return reply(0, &out, sizeof out);
      }
      case FUSE_READDIR:
        return answer_readdir();
      case FUSE_STATFS: {
        const fuse_statfs_out out = {};
        return reply(0, &out, sizeof out);
      }
      case FUSE_FORGET:
      case FUSE_BATCH_FORGET:
      case FUSE_INTERRUPT:
        return;  // these want no answer
      case FUSE_RELEASEDIR:
        return reply(0, nullptr, 0);
      default:
        return reply(ENOSYS, nullptr, 0);
    }
  }

  void answer_lookup() {
    if (answers_ == FuseServer::Answers::kTheTopAlone) return;
    const std::string_view name(request_.data() + sizeof header_);
    if (header_.nodeid > kChain.size() || name != kChain[header_.nodeid - 1]) {
      return reply(ENOENT, nullptr, 0);
    }
    fuse_entry_out out = {};
    out.nodeid = header_.nodeid + 1;
    out.attr = attributes(out.nodeid);
    reply(0, &out, sizeof out);
  }

  void answer_readdir() {
    fuse_read_in in = {};
    std::memcpy(&in, request_.data() + sizeof header_, sizeof in);
    if (in.offset != 0 || header_.nodeid > kChain.size()) return reply(0, nullptr, 0);
    const std::string_view name = kChain[header_.nodeid - 1];
    std::array<char, 64> bytes{};
    fuse_dirent entry = {};
    entry.ino = header_.nodeid + 1;
    entry.off = 1;
    entry.namelen = static_cast<std::uint32_t>(name.size());
    entry.type = DT_DIR;
    std::memcpy(bytes.data(), &entry, FUSE_NAME_OFFSET);
    std::memcpy(bytes.data() + FUSE_NAME_OFFSET, name.data(), name.size());
    reply(0, bytes.data(), FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + name.size()));
  }

  void reply(int code, const void* bytes, std::size_t size) {
    fuse_out_header out = {};
    out.len = static_cast<std::uint32_t>(sizeof out + size);
    out.error = -code;
    out.unique = header_.unique;
    const std::array<iovec, 2> parts = {{{&out, sizeof out}, {const_cast<void*>(bytes), size}}};
    (void)!writev(fd_, parts.data(), parts.size());
  }

  int fd_;
  FuseServer::Answers answers_;
  std::array<char, 65536> request_{};
  fuse_in_header header_ = {};
};

}  // namespace

FuseServer::FuseServer(const std::string& point, const std::string& type, Answers answers) {
  const UniqueFd device(open("/dev/fuse", O_RDWR | O_CLOEXEC));
  EXPECT_TRUE(device) << "/dev/fuse: " << std::strerror(errno);
  const std::string options =
      "fd=" + std::to_string(device.get()) + ",rootmode=40000,user_id=0,group_id=0,allow_other";
  EXPECT_EQ(mount("server", point.c_str(), type.c_str(), 0, options.c_str()), 0)
      << std::strerror(errno);
  pid_ = fork();
  EXPECT_GE(pid_, 0);
  if (pid_ != 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  Session(device.get(), answers).serve();
  _exit(0);
}

FuseServer::~FuseServer() { die(); }

void FuseServer::die() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

}  // namespace repo::test
