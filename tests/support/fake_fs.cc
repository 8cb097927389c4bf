#include "tests/support/fake_fs.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <map>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

namespace repo::test {

struct FakeFileSystem::Node {
  EntryType type = EntryType::kDirectory;
  std::uint64_t inode = 0;
  std::uint32_t uid = 0;
  bool mount = false;
  bool type_hidden = false;
  std::string content;  // of a file; the target of a link
  std::optional<std::uint64_t> claimed_size;
  std::map<std::string, Node*, std::less<>> children;

  int open_error = 0;
  int stat_error = 0;
  int read_error = 0;
  int list_error = 0;
  std::size_t list_limit = std::numeric_limits<std::size_t>::max();
  std::function<void()> list_hook;

  mutable std::atomic<int> listed{0};
};

namespace {

using Node = FakeFileSystem::Node;

std::vector<std::string> components(std::string_view path) {
  std::vector<std::string> names;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    if (end > at) names.emplace_back(path.substr(at, end - at));
    at = end + 1;
  }
  return names;
}

Metadata metadata_of(const Node& node) {
  const std::uint32_t mode = node.type == EntryType::kDirectory ? 0755 : 0644;
  return {node.type, 1, node.inode, node.content.size(), node.uid, node.uid, mode};
}

class FakeFile final : public File {
 public:
  explicit FakeFile(const Node& node) : node_(node) {}

  std::uint64_t size() const override { return node_.claimed_size.value_or(node_.content.size()); }

  Result<std::size_t> read_at(std::uint64_t offset, std::span<char> buffer) const override {
    if (node_.read_error != 0) return system_error("read", "", node_.read_error);
    if (offset >= node_.content.size()) return std::size_t{0};
    const std::size_t n = std::min<std::size_t>(buffer.size(), node_.content.size() - offset);
    std::memcpy(buffer.data(), node_.content.data() + offset, n);
    return n;
  }

 private:
  const Node& node_;
};

class FakeDirectory final : public Directory {
 public:
  FakeDirectory(const Node& node, FakeFileSystem::OpenCount& open, bool counts_links,
                bool crosses = false)
      : node_(node), open_(open), counts_links_(counts_links), crosses_(crosses) {
    open_.enter();
  }
  ~FakeDirectory() override { open_.leave(); }
  FakeDirectory(const FakeDirectory&) = delete;
  FakeDirectory& operator=(const FakeDirectory&) = delete;

  void cross_mounts() override { crosses_ = true; }

  Status list(EntrySink& sink) override {
    ++node_.listed;
    if (node_.list_hook) node_.list_hook();
    std::size_t delivered = 0;
    for (const auto& [name, child] : node_.children) {
      if (delivered++ >= node_.list_limit) break;
      sink.on_entry(name, child->type_hidden ? EntryType::kUnknown : child->type);
    }
    if (node_.list_error != 0) return system_error("read", "", node_.list_error);
    return {};
  }

  Result<std::unique_ptr<Directory>> open_directory(const std::string& path,
                                                    bool cross_mount) const override {
    const Result<const Node*> found = resolve(path, cross_mount || crosses_);
    if (!found) return found.error();
    const Node& node = **found;
    if (node.open_error != 0) return system_error("open", "", node.open_error);
    if (node.type == EntryType::kSymlink) return system_error("open", "", ELOOP);
    if (node.type != EntryType::kDirectory) return system_error("open", "", ENOTDIR);
    return std::unique_ptr<Directory>(
        std::make_unique<FakeDirectory>(node, open_, counts_links_, crosses_));
  }

  Result<std::unique_ptr<File>> open_file(const std::string& path) const override {
    const Result<const Node*> found = resolve(path, crosses_);
    if (!found) return found.error();
    const Node& node = **found;
    if (node.open_error != 0) return system_error("open", path, node.open_error);
    if (node.type == EntryType::kSymlink) return system_error("open", path, ELOOP);
    if (node.type != EntryType::kFile) return system_error("read", path, EINVAL);
    return std::unique_ptr<File>(std::make_unique<FakeFile>(node));
  }

  Result<Metadata> stat_entry(const std::string& path) const override {
    const Result<const Node*> found = resolve(path, crosses_);
    if (!found) return found.error();
    if ((*found)->stat_error != 0) return system_error("stat", path, (*found)->stat_error);
    return metadata_of(**found);
  }

  bool is_leaf(const std::string& name) const override {
    const Result<const Node*> found = resolve(name, false);
    if (!counts_links_ || !found || (*found)->stat_error != 0) return false;
    const auto& children = (*found)->children;
    return (*found)->type == EntryType::kDirectory &&
           std::none_of(children.begin(), children.end(), [](const auto& child) {
             return child.second->type == EntryType::kDirectory;
           });
  }

  Result<std::string> read_link(const std::string& path) const override {
    const Result<const Node*> found = resolve(path, crosses_);
    if (!found) return found.error();
    if ((*found)->type != EntryType::kSymlink) return system_error("readlink", path, EINVAL);
    return (*found)->content;
  }

  Result<Metadata> metadata() const override {
    if (node_.stat_error != 0) return system_error("stat", "", node_.stat_error);
    return metadata_of(node_);
  }

 private:
  Result<const Node*> resolve(const std::string& path, bool cross_mount) const {
    const Node* at = &node_;
    for (const std::string& name : components(path)) {
      if (name == ".") continue;
      if (at != &node_ && at->open_error != 0) return system_error("open", path, at->open_error);
      if (at->type == EntryType::kSymlink) return system_error("open", path, ELOOP);
      if (at->type != EntryType::kDirectory) return system_error("open", path, ENOTDIR);
      const auto child = at->children.find(name);
      if (child == at->children.end()) return system_error("open", path, ENOENT);
      at = child->second;
      if (at->mount && !cross_mount) return system_error("open", path, EXDEV);
    }
    return at;
  }

  const Node& node_;
  FakeFileSystem::OpenCount& open_;
  const bool counts_links_;
  bool crosses_;
};

}  // namespace

void FakeFileSystem::OpenCount::enter() {
  const int count = ++now;
  for (int seen = most; seen < count && !most.compare_exchange_weak(seen, count);) {
  }
}

FakeFileSystem::FakeFileSystem() { nodes_.emplace_back().inode = 1; }
FakeFileSystem::~FakeFileSystem() = default;

Node& FakeFileSystem::make(std::string_view path, EntryType type) {
  Node* at = &nodes_.front();
  for (std::string& name : components(path)) {
    Node*& child = at->children[std::move(name)];
    if (!child) {
      child = &nodes_.emplace_back();
      child->inode = nodes_.size();
    }
    at = child;
  }
  at->type = type;
  return *at;
}

const Node* FakeFileSystem::find(std::string_view path) const {
  const Node* at = &nodes_.front();
  for (const std::string& name : components(path)) {
    const auto child = at->children.find(name);
    if (child == at->children.end()) return nullptr;
    at = child->second;
  }
  return at;
}

Node& FakeFileSystem::get(std::string_view path) {
  const Node* node = find(path);
  if (!node) throw std::logic_error("never added: " + std::string(path));
  return const_cast<Node&>(*node);
}

void FakeFileSystem::add_directory(std::string_view path) { make(path, EntryType::kDirectory); }
void FakeFileSystem::add_file(std::string_view path, std::string content) {
  make(path, EntryType::kFile).content = std::move(content);
}
void FakeFileSystem::add_link(std::string_view path, std::string target) {
  make(path, EntryType::kSymlink).content = std::move(target);
}
void FakeFileSystem::add_fifo(std::string_view path) { make(path, EntryType::kOther); }
void FakeFileSystem::set_uid(std::string_view path, std::uint32_t uid) { get(path).uid = uid; }
void FakeFileSystem::set_mount(std::string_view path) { get(path).mount = true; }

void FakeFileSystem::fail_open(std::string_view path, int code) { get(path).open_error = code; }
void FakeFileSystem::fail_stat(std::string_view path, int code) { get(path).stat_error = code; }
void FakeFileSystem::fail_read(std::string_view path, int code) { get(path).read_error = code; }
void FakeFileSystem::claim_size(std::string_view path, std::uint64_t size) {
  get(path).claimed_size = size;
}
void FakeFileSystem::fail_list(std::string_view path, std::size_t after, int code) {
  Node& node = get(path);
  node.list_limit = after;
  node.list_error = code;
}
void FakeFileSystem::vanish(std::string_view path) {
  fail_open(path, ENOENT);
  fail_stat(path, ENOENT);
}
void FakeFileSystem::hide_type(std::string_view path) { get(path).type_hidden = true; }
void FakeFileSystem::on_list(std::string_view path, std::function<void()> hook) {
  get(path).list_hook = std::move(hook);
}

int FakeFileSystem::times_listed(std::string_view path) const {
  const Node* node = find(path);
  if (!node) throw std::logic_error("never added: " + std::string(path));
  return node->listed;
}

int FakeFileSystem::most_listed() const {
  int most = 0;
  for (const Node& node : nodes_) most = std::max(most, node.listed.load());
  return most;
}

int FakeFileSystem::most_open_directories() const { return open_.most; }

Result<std::unique_ptr<Directory>> FakeFileSystem::open_root(const std::string& path) const {
  const Node* node = find(path);
  if (!node) return system_error("open", path, ENOENT);
  if (node->open_error != 0) return system_error("open", path, node->open_error);
  if (node->type != EntryType::kDirectory) return system_error("open", path, ENOTDIR);
  return std::unique_ptr<Directory>(std::make_unique<FakeDirectory>(*node, open_, counts_links_));
}

}  // namespace repo::test
