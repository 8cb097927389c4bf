#include "dumper/seal.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <unordered_map>

#include "base/digest.h"

namespace repo {
namespace {

class Sealer final : public TreeVisitor {
 public:
  Sealer(const TreeLook& source_look, const Patience& patience)
      : source_look_(source_look), patience_(patience) {}

  Sealed sealed;

  std::unordered_map<std::string, char> types;  // of what the copy holds, by path

  Result<Descend> enter(const TreeEntry& entry, int parent, const std::string& name) override {
    types.emplace(entry.path, owners_type(entry.st.st_mode));
    const TreeEntry* source = source_look_.find(entry.path);
    if (entry.is_directory()) {
      ++sealed.totals.directories;
      return Descend::kYes;  // its mode and time when everything in it is done
    }
    if (entry.is_link()) {
      ++sealed.totals.links;
      if (fchownat(parent, name.c_str(), geteuid(), getegid(), AT_SYMLINK_NOFOLLOW) != 0) {
        return system_error("change the owner", entry.path, errno);
      }
      if (source && source->is_link()) {
        const struct timespec times[2] = {source->st.st_mtim, source->st.st_mtim};
        utimensat(parent, name.c_str(), times, AT_SYMLINK_NOFOLLOW);
      }
      return Descend::kNo;
    }
    if (!entry.is_file()) return plain_error("seal", entry.path, "no file, directory or link");
    if (entry.st.st_nlink != 1) return plain_error("seal", entry.path, "a file with several names");
    if (Status done = seal_file(entry, source, parent, name); !done) return done.error();
    return Descend::kNo;
  }

  Status leave(const TreeEntry& entry, int directory) override {
    if (fchown(directory, geteuid(), getegid()) != 0 || fchmod(directory, 0700) != 0) {
      return system_error("change the mode", entry.path, errno);
    }
    const TreeEntry* source = source_look_.find(entry.path);
    if (!source || !source->is_directory()) return {};
    return set_mtime(directory, *source, entry.path);
  }

 private:
  Status seal_file(const TreeEntry& entry, const TreeEntry* source, int parent,
                   const std::string& name) {
    const UniqueFd file(openat(parent, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!file) return system_error("open", entry.path, errno);
    Sha256 digest;
    std::uint64_t size = 0;
    while (true) {
      if (auto error = out_of_patience(patience_)) return *error;
      const ssize_t n = read(file.get(), buffer_->data(), buffer_->size());
      if (n == 0) break;
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return system_error("read", entry.path, errno);
      digest.update({buffer_->data(), static_cast<std::size_t>(n)});
      size += static_cast<std::uint64_t>(n);
    }
    sealed.checksums += checksum_line(digest.hex(), "data/" + entry.path);
    ++sealed.totals.files;
    sealed.totals.bytes += size;

    const bool same_kind = source && source->is_file();
    const mode_t executable = (same_kind ? source->st.st_mode : entry.st.st_mode) & S_IXUSR;
    if (fchown(file.get(), geteuid(), getegid()) != 0 ||
        fchmod(file.get(), 0600 | executable) != 0) {
      return system_error("change the mode", entry.path, errno);
    }
    // The time says which content it belongs to: only where the sizes agree is it known to.
    if (!same_kind || source->st.st_size != entry.st.st_size) return {};
    return set_mtime(file.get(), *source, entry.path);
  }

  static Status set_mtime(int fd, const TreeEntry& source, const std::string& path) {
    const struct timespec times[2] = {source.st.st_mtim, source.st.st_mtim};
    if (futimens(fd, times) != 0) return system_error("set the time of", path, errno);
    return {};
  }

  using Buffer = std::array<char, 1 << 18>;
  const TreeLook& source_look_;
  const Patience& patience_;
  std::unique_ptr<Buffer> buffer_ = std::make_unique<Buffer>();
};

}  // namespace

std::string checksum_line(const std::string& hex, const std::string& path) {
  std::string name;
  for (const char c : path) {
    if (c == '\\') {
      name += "\\\\";
    } else if (c == '\n') {
      name += "\\n";
    } else if (c == '\r') {
      name += "\\r";
    } else {
      name += c;
    }
  }
  return (name == path ? "" : "\\") + hex + "  " + name + "\n";
}

Result<Sealed> seal(int data, const TreeLook& source_look, const std::vector<OwnersLine>& owners,
                    const Patience& patience) {
  Sealer sealer(source_look, patience);
  if (Status walked = walk_tree({data, std::nullopt}, sealer, patience); !walked) {
    return walked.error();
  }
  auto type_at = [&](const std::string& path) {
    const auto found = sealer.types.find(path);
    return found == sealer.types.end() ? '-' : found->second;
  };
  for (const OwnersLine& line : owners) {
    const bool copied = line.type == 'f' || line.type == 'd' || line.type == 'l';
    const std::size_t slash = line.path.rfind('/');
    const std::string parent = slash == std::string::npos ? "" : line.path.substr(0, slash);
    if (copied ? type_at(line.path) == line.type : type_at(parent) == 'd') {
      sealer.sealed.owners += line.text;
    }
  }
  return std::move(sealer.sealed);
}

}  // namespace repo
