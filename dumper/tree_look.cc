#include "dumper/tree_look.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

namespace repo {
namespace {

// An error of a file, said of the one at `path`. Where patience ended, no file is to blame.
Error at(Error error, const std::string& path) {
  if (error.path.empty() && !error.op.empty()) error.path = path;
  return error;
}

class Looker final : public TreeVisitor {
 public:
  Looker(const Skip& skip, const Seen& seen, Changes changes)
      : skip_(skip), seen_(seen), builder(changes) {}
  Result<Descend> enter(const TreeEntry& entry, int, const std::string&) override {
    if (skip_ && skip_(entry.path)) return Descend::kNo;
    builder.add(entry);
    if (seen_) seen_(entry);
    return Descend::kYes;
  }
  Status leave(const TreeEntry&, int) override { return {}; }

 private:
  const Skip& skip_;
  const Seen& seen_;

 public:
  LookBuilder builder;
};

class Digester final : public TreeVisitor {
 public:
  Digester(const TreeSource& source, const Skip& skip, const Patience& patience, const Seen& seen)
      : source_(source), skip_(skip), patience_(patience), seen_(seen) {}

  Sha256 all;

  Result<Descend> enter(const TreeEntry& entry, int parent, const std::string& name) override {
    if (skip_ && skip_(entry.path)) return Descend::kNo;
    if (seen_) seen_(entry);
    if (entry.is_link()) add(entry.path, entry.link);
    if (!entry.is_file()) return Descend::kYes;
    const UniqueFd file = [&] {
      const ActAs as(source_.as);
      return UniqueFd(openat(parent, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    }();
    if (!file) {
      return has_vanished(errno) ? Result<Descend>(Descend::kNo)
                                 : system_error("open", entry.path, errno);
    }
    const Result<FileDigest> content = digest_file(file.get(), patience_);
    if (!content) return at(content.error(), entry.path);
    add(entry.path, content->hex);
    return Descend::kNo;
  }
  Status leave(const TreeEntry&, int) override { return {}; }

 private:
  void add(std::string_view path, std::string_view value) {
    for (const std::string_view part :
         {path, std::string_view("\0", 1), value, std::string_view("\0", 1)}) {
      all.update(part);
    }
  }

  const TreeSource& source_;
  const Skip& skip_;
  const Patience& patience_;
  const Seen& seen_;
};

}  // namespace

bool TreeLook::is_settled() const {
  constexpr time_t kTick = 2;
  return newest.tv_sec < began.tv_sec - kTick;
}

bool operator==(const TreeLook& a, const TreeLook& b) { return a.digest == b.digest; }

TreeLook together(TreeLook a, const TreeLook& b) {
  a.digest = sha256_hex(a.digest + b.digest);
  if (is_older(b.began, a.began)) a.began = b.began;
  if (is_older(a.newest, b.newest)) a.newest = b.newest;
  a.apparent += b.apparent;
  a.on_disk += b.on_disk;
  return a;
}

LookBuilder::LookBuilder(Changes changes) : changes_(changes) {
  clock_gettime(CLOCK_REALTIME, &look_.began);
}

void LookBuilder::add(const TreeEntry& entry) {
  const struct stat& st = entry.st;
  std::array<std::uint64_t, 9> numbers = {st.st_ino, st.st_mode, st.st_uid, st.st_gid};
  if (!entry.is_directory()) {
    numbers[4] = static_cast<std::uint64_t>(st.st_size);
    numbers[5] = static_cast<std::uint64_t>(st.st_mtim.tv_sec);
    numbers[6] = static_cast<std::uint64_t>(st.st_mtim.tv_nsec);
    if (changes_ == Changes::kAny) {
      numbers[7] = static_cast<std::uint64_t>(st.st_ctim.tv_sec);
      numbers[8] = static_cast<std::uint64_t>(st.st_ctim.tv_nsec);
    }
    if (is_older(look_.newest, st.st_ctim)) look_.newest = st.st_ctim;
  }
  digest_.update(entry.path);
  digest_.update(std::string_view("\0", 1));
  std::array<char, sizeof numbers> bytes;  // NOLINT: written before it is read
  std::memcpy(bytes.data(), numbers.data(), sizeof numbers);
  digest_.update({bytes.data(), bytes.size()});
  constexpr std::uint64_t kBlock = 512;
  const std::uint64_t taken = static_cast<std::uint64_t>(st.st_blocks) * kBlock;
  if (!entry.is_file()) {
    look_.on_disk += taken;
    return;
  }
  look_.apparent += static_cast<std::uint64_t>(st.st_size);
  // Not where generations share files: there may be any number, and nobody asks for their size.
  constexpr std::size_t kMostRemembered = 100'000;  // what comes then counts with each name
  const bool may_be_named_again =
      st.st_nlink > 1 && changes_ == Changes::kAny && linked_.size() < kMostRemembered;
  if (may_be_named_again && !linked_.insert({st.st_dev, st.st_ino}).second) return;
  look_.on_disk += taken;
}

TreeLook LookBuilder::finish() {
  look_.digest = digest_.hex();
  return std::move(look_);
}

bool inflates(const TreeLook& look) {
  constexpr std::uint64_t kSlack = std::uint64_t{64} << 20;
  return look.apparent > 4 * look.on_disk + kSlack;
}

Error too_much_for_its_size() {
  return plain_error("copy", "", "its files are mostly holes, or links to each other: not copied");
}

Result<TreeLook> look_at_tree(const TreeSource& source, const Skip& skip, const Patience& patience,
                              const Seen& seen, Changes changes) {
  Looker looker(skip, seen, changes);
  if (Status walked = walk_tree(source, looker, patience); !walked) return walked.error();
  return looker.builder.finish();
}

Result<FileDigest> digest_file(int file, const Patience& patience) {
  using Buffer = std::array<char, 1 << 18>;
  thread_local const std::unique_ptr<Buffer> buffer = std::make_unique<Buffer>();
  Sha256 digest;
  FileDigest result;
  while (true) {
    if (auto error = out_of_patience(patience)) return *error;
    const ssize_t n = read(file, buffer->data(), buffer->size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error("read", "", errno);
    if (n == 0) break;
    digest.update({buffer->data(), static_cast<std::size_t>(n)});
    result.size += static_cast<std::uint64_t>(n);
    tell_progress(patience, static_cast<std::uint64_t>(n));
  }
  result.hex = digest.hex();
  return result;
}

Result<std::string> digest_tree(const TreeSource& source, const Skip& skip,
                                const Patience& patience, const Seen& seen) {
  Digester digester(source, skip, patience, seen);
  if (Status walked = walk_tree(source, digester, patience); !walked) return walked.error();
  return digester.all.hex();
}

}  // namespace repo
