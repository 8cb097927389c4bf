// A FUSE file system of one chain of directories, "a/.hg/store", in a process of its own: what a
// server does that answers, that never does, and that stops in the middle.
//
// Protocol: <linux/fuse.h>; the kernel's Documentation/filesystems/fuse.rst for the options.
#pragma once

#include <sys/types.h>

#include <string>

namespace repo::test {

class FuseServer {
 public:
  enum class Answers {
    kNever,
    kTheTopAlone,  // not what is asked of "a"
    kAlways,
  };

  // Mounts on the directory `point`, as root. Fails the test where that does not work.
  FuseServer(const std::string& point, const std::string& type, Answers answers);
  ~FuseServer();  // the server dies, whoever waits for it gets ENOTCONN
  FuseServer(const FuseServer&) = delete;
  FuseServer& operator=(const FuseServer&) = delete;

  void die();

 private:
  pid_t pid_ = -1;
};

}  // namespace repo::test
