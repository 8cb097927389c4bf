// Tries one way out of the sandbox and tells what came of it:
//
//   sandbox_probe WAY [ARGUMENT...]      prints "ok", "ok TEXT", or the name of the errno
//
// Statically linked and without sanitizers, so that it runs where nothing else is. It is run
// outside too: there the same way must be open, or a test would pass for nothing.
#include <dirent.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

extern char** environ;  // NOLINT: POSIX

namespace {

using Words = std::vector<std::string>;

int tell(bool worked, const std::string& text = "") {
  const int code = errno;
  if (!worked) {
    std::printf("%s\n", strerrorname_np(code));
  } else {
    std::printf("ok%s%s\n", text.empty() ? "" : " ", text.c_str());
  }
  return 0;
}

int read_file(int folder, const std::string& path) {
  const int fd = openat(folder, path.c_str(), O_RDONLY);
  if (fd < 0) return tell(false);
  char bytes[64] = {};
  const bool read_it = read(fd, bytes, sizeof bytes - 1) >= 0;
  return tell(read_it, bytes);
}

int list(const std::string& path) {
  DIR* stream = opendir(path.c_str());
  if (!stream) return tell(false);
  Words names;
  while (const struct dirent* entry = readdir(stream)) names.emplace_back(entry->d_name);
  std::sort(names.begin(), names.end());
  std::string text;
  for (const std::string& name : names) {
    if (name != "." && name != "..") text += (text.empty() ? "" : " ") + name;
  }
  return tell(true, text);
}

// The handle comes from outside: its bytes in hex, as name_to_handle_at(2) gives them.
int open_by_handle(const std::string& mount, int type, const std::string& hex) {
  struct {
    struct file_handle head;
    unsigned char bytes[MAX_HANDLE_SZ];
  } handle = {};
  handle.head.handle_type = type;
  handle.head.handle_bytes = static_cast<unsigned>(hex.size() / 2);
  for (std::size_t i = 0; i < std::min(hex.size() / 2, sizeof handle.bytes); ++i) {
    handle.bytes[i] =
        static_cast<unsigned char>(std::strtol(hex.substr(2 * i, 2).c_str(), nullptr, 16));
  }
  const int folder = open(mount.c_str(), O_RDONLY | O_DIRECTORY);
  if (folder < 0) return tell(false);
  const int fd = open_by_handle_at(folder, &handle.head, O_RDONLY);
  if (fd < 0) return tell(false);
  char bytes[64] = {};
  const bool read_it = read(fd, bytes, sizeof bytes - 1) >= 0;
  return tell(read_it, bytes);
}

int connect_to(int family, const void* address, socklen_t length) {
  const int fd = socket(family, SOCK_STREAM, 0);
  if (fd < 0) return tell(false);
  return tell(connect(fd, static_cast<const struct sockaddr*>(address), length) == 0);
}

int connect_unix(const std::string& name, bool abstract) {
  struct sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + (abstract ? 1 : 0), name.data(), name.size());
  return connect_to(
      AF_UNIX, &address,
      static_cast<socklen_t>(offsetof(struct sockaddr_un, sun_path) + name.size() + 1));
}

int connect_tcp(int port) {
  struct sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return connect_to(AF_INET, &address, sizeof address);
}

int clone_with(unsigned long flags) {
  const long pid = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
  if (pid == 0) _exit(0);
  return tell(pid > 0);
}

int join_namespace(pid_t of, int kind) {
  const long fd = syscall(SYS_pidfd_open, of, 0);
  if (fd < 0) return tell(false);
  return tell(setns(static_cast<int>(fd), kind) == 0);
}

int trace_a_child() {
  const pid_t child = fork();
  if (child == 0) {
    while (true) pause();
  }
  const bool traced = ptrace(PTRACE_ATTACH, child, nullptr, nullptr) == 0;
  const int code = errno;
  kill(child, SIGKILL);
  errno = code;
  return tell(traced);
}

// The five sets, each as a mask.
int capabilities() {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2] = {};
  if (syscall(SYS_capget, &header, data) != 0) return tell(false);
  auto both = [&](auto member) {
    return (static_cast<unsigned long long>(data[1].*member) << 32) | data[0].*member;
  };
  unsigned long long bounding = 0;
  unsigned long long ambient = 0;
  for (unsigned long each = 0; each <= CAP_LAST_CAP; ++each) {
    if (prctl(PR_CAPBSET_READ, each, 0, 0, 0) == 1) bounding |= 1ULL << each;
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, each, 0, 0) == 1) ambient |= 1ULL << each;
  }
  char text[200];
  std::snprintf(text, sizeof text, "eff=%llx prm=%llx inh=%llx bnd=%llx amb=%llx nnp=%d",
                both(&__user_cap_data_struct::effective), both(&__user_cap_data_struct::permitted),
                both(&__user_cap_data_struct::inheritable), bounding, ambient,
                prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
  return tell(true, text);
}

int identity() {
  uid_t uid[3] = {};
  gid_t gid[3] = {};
  getresuid(&uid[0], &uid[1], &uid[2]);
  getresgid(&gid[0], &gid[1], &gid[2]);
  char text[200];
  std::snprintf(text, sizeof text, "%u %u %u %u %u %u groups=%d", uid[0], uid[1], uid[2], gid[0],
                gid[1], gid[2], getgroups(0, nullptr));
  return tell(true, text);
}

int descriptors() {
  std::string text;
  for (int fd = 0; fd < 4096; ++fd) {
    if (fcntl(fd, F_GETFD) >= 0) text += (text.empty() ? "" : " ") + std::to_string(fd);
  }
  return tell(true, text);
}

int environment() {
  std::string text;
  for (char** each = environ; *each; ++each) text += (text.empty() ? "" : " ") + std::string(*each);
  return tell(true, text);
}

int old_architecture() {
#ifdef __x86_64__
  long number = 20;  // getpid of i386
  asm volatile("int $0x80" : "+a"(number) : : "memory");
#endif
  return tell(true);
}

// A grandchild of its own session that ignores all it can, keeps the pipes and the FIFO open and
// says when it is there.
int leave_a_daemon(const std::string& fifo) {
  int ready[2];
  if (pipe(ready) != 0) return tell(false);
  if (fork() == 0) {
    setsid();
    if (fork() != 0) _exit(0);
    for (int each = 1; each < 32; ++each) std::signal(each, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, 0);
    const int held = open(fifo.c_str(), O_WRONLY);
    [[maybe_unused]] const auto told = write(ready[1], held >= 0 ? "y" : "n", 1);
    while (true) pause();
  }
  char answer = 0;
  [[maybe_unused]] const auto n = read(ready[0], &answer, 1);
  return tell(answer == 'y');
}

// Writes a byte into the FIFO and never ends, with a child that holds it too.
int stay(const std::string& fifo) {
  for (int each = 1; each < 32; ++each) std::signal(each, SIG_IGN);
  const int held = open(fifo.c_str(), O_WRONLY);
  if (held < 0) return tell(false);
  if (fork() == 0) setsid();
  [[maybe_unused]] const auto told = write(held, "x", 1);
  while (true) pause();
}

int mode_of(const std::string& path) {
  struct stat st = {};
  if (stat(path.c_str(), &st) != 0) return tell(false);
  char text[32];
  std::snprintf(text, sizeof text, "%o", st.st_mode & 07777);
  return tell(true, text);
}

int try_way(const std::string& way, const Words& words) {
  auto word = [&](std::size_t i) { return i < words.size() ? words[i] : std::string(); };
  auto number = [&](std::size_t i) { return std::atoi(word(i).c_str()); };
  const std::string path = word(0);
  const char* raw = path.c_str();
  if (way == "read") return read_file(AT_FDCWD, path);
  if (way == "read-below") return read_file(open(raw, O_RDONLY | O_DIRECTORY), word(1));
  if (way == "list") return list(path);
  if (way == "mode") return mode_of(path);
  if (way == "write") return tell(open(raw, O_WRONLY) >= 0);
  if (way == "create") return tell(open(raw, O_WRONLY | O_CREAT | O_EXCL, 0600) >= 0);
  if (way == "unlink") return tell(unlink(raw) == 0);
  if (way == "chmod") return tell(chmod(raw, 0777) == 0);
  if (way == "link") return tell(link(raw, word(1).c_str()) == 0);
  if (way == "rename") return tell(rename(raw, word(1).c_str()) == 0);
  if (way == "mknod") return tell(mknod(raw, S_IFCHR | 0666, makedev(1, 3)) == 0);
  if (way == "handle") return open_by_handle(path, number(1), word(2));
  if (way == "mount") return tell(mount("none", raw, "tmpfs", 0, "") == 0);
  if (way == "bind") return tell(mount(raw, word(1).c_str(), nullptr, MS_BIND, nullptr) == 0);
  if (way == "remount")
    return tell(mount(nullptr, raw, nullptr, MS_REMOUNT | MS_BIND, nullptr) == 0);
  if (way == "umount") return tell(umount2(raw, MNT_DETACH) == 0);
  if (way == "chroot") return tell(chroot(raw) == 0);
  if (way == "unshare") return tell(unshare(number(0)) == 0);
  if (way == "clone") return clone_with(static_cast<unsigned long>(number(0)));
  if (way == "setns") return join_namespace(number(0), number(1));
  if (way == "trace") return trace_a_child();
  if (way == "kill") return tell(kill(number(0), 0) == 0);
  if (way == "tcp") return connect_tcp(number(0));
  if (way == "unix") return connect_unix(path, false);
  if (way == "abstract") return connect_unix(path, true);
  if (way == "keyctl") return tell(syscall(SYS_keyctl, 0, -3, 1) != -1);  // our session's keyring
  if (way == "bpf") {
    union bpf_attr map = {};
    map.map_type = BPF_MAP_TYPE_ARRAY;
    map.key_size = map.value_size = 4;
    map.max_entries = 1;
    return tell(syscall(SYS_bpf, BPF_MAP_CREATE, &map, sizeof map) >= 0);
  }
  if (way == "io_uring") {
    char parameters[256] = {};
    return tell(syscall(SYS_io_uring_setup, 1, parameters) >= 0);
  }
  if (way == "setuid") return tell(setresuid(0, 0, 0) == 0);
  if (way == "setgid") return tell(setresgid(0, 0, 0) == 0);
  if (way == "capabilities") return capabilities();
  if (way == "identity") return identity();
  if (way == "descriptors") return descriptors();
  if (way == "environment") return environment();
  if (way == "old-architecture") return old_architecture();
  if (way == "daemon") return leave_a_daemon(path);
  if (way == "stay") return stay(path);
  std::printf("unknown way\n");
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  return try_way(argv[1], Words(argv + 2, argv + argc));
}
