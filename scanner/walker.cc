#include "scanner/walker.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <memory>
#include <utility>

#include "base/bytes_path.h"
#include "base/stop_signal.h"
#include "scanner/findings.h"
#include "scanner/probe.h"
#include "scanner/signature.h"
#include "scanner/snapshots.h"

namespace repo {
namespace {

// A directory that was listed, and whose subdirectories wait.
struct Node {
  std::shared_ptr<Node> parent;  // null for a root
  std::string name;              // of a root: its path
  const WalkMap::Node* map = nullptr;
  bool mount = false;  // a mount point: opened with leave to cross
  bool git_store = false;
  bool in_git_modules = false;

  std::unique_ptr<Directory> directory;  // null while closed for want of descriptors
  std::atomic<std::uint32_t> unopened{0};
  std::string names;  // of the subdirectories, each with its NUL
  std::vector<std::uint32_t> offsets;

  Node() = default;
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  // A chain of ten thousand parents must not be freed by ten thousand nested calls: the outermost
  // call takes from the others what they would have freed. (use_count() == 1 would not do: it
  // does not wait for what the other owners did before they let go.)
  ~Node() {
    static thread_local std::vector<std::shared_ptr<Node>>* outermost = nullptr;
    if (!parent) return;
    if (outermost != nullptr) {
      outermost->push_back(std::move(parent));
      return;
    }
    std::vector<std::shared_ptr<Node>> waiting;
    waiting.push_back(std::move(parent));
    outermost = &waiting;
    while (!waiting.empty()) {
      const std::shared_ptr<Node> next = std::move(waiting.back());
      waiting.pop_back();
    }
    outermost = nullptr;
  }

  const char* child(std::size_t i) const { return names.data() + offsets[i]; }
};

std::string path_of(const Node& node) {
  std::vector<const Node*> chain;
  for (const Node* each = &node; each; each = each->parent.get()) chain.push_back(each);
  std::string path = chain.back()->name;
  for (auto each = chain.rbegin() + 1; each != chain.rend(); ++each) {
    if (path.back() != '/') path += '/';
    path += (*each)->name;
  }
  return path;
}

bool has_vanished(int code) { return code == ENOENT || code == ENOTDIR || code == ELOOP; }

struct alignas(64) Counters {
  std::uint64_t directories = 0;
  std::uint64_t entries = 0;
  std::uint64_t vanished = 0;
};

class Walk {
 public:
  Walk(const WalkOptions& options, const WalkMap& map, const FileSystem& file_system,
       TaskPool& pool)
      : options_(options),
        map_(map),
        file_system_(file_system),
        pool_(pool),
        budget_(options.max_open_directories) {}

  ScanResult run() {
    pool_.run([this](int) {
      for (const std::string& root : options_.roots) {
        pool_.spawn([this, root](int worker) { enter_root(root, worker); });
      }
    });
    ScanResult result = findings_.take();
    for (const Counters& each : counters_) {
      result.stats.directories += each.directories;
      result.stats.directories_read += each.directories;
      result.stats.entries += each.entries;
      result.stats.vanished += each.vanished;
    }
    result.complete = result.errors.empty() && stop_requested() == 0;
    return result;
  }

 private:
  // Collects what the walk wants to know of one directory's entries.
  class Listing final : public EntrySink {
   public:
    explicit Listing(Node& node) : node_(node) {}
    void on_entry(std::string_view name, EntryType type) override {
      ++entries;
      bits |= name_bit(name, type);
      if (type == EntryType::kUnknown) type = ask(name);
      if (type != EntryType::kDirectory) return;
      node_.offsets.push_back(static_cast<std::uint32_t>(node_.names.size()));
      node_.names.append(name);
      node_.names += '\0';
    }
    std::uint64_t entries = 0;
    std::uint32_t bits = 0;

   private:
    EntryType ask(std::string_view name) const {
      const Result<Metadata> metadata = node_.directory->stat_entry(std::string(name));
      // Whatever cannot be looked at is tried as a directory: the attempt tells what it is.
      return metadata ? metadata->type : EntryType::kDirectory;
    }
    Node& node_;
  };

  void enter_root(const std::string& root, int worker) {
    Result<std::unique_ptr<Directory>> opened = file_system_.open_root(root);
    if (!opened) {
      findings_.add(system_error("open", root, opened.error().code));
      return;
    }
    auto node = std::make_shared<Node>();
    node->name = root;
    node->map = map_.find(root);
    node->directory = *std::move(opened);
    ++open_;
    visit(std::move(node), worker);
  }

  // Splits the range in halves for other threads and enters what is left: the thread's own next
  // task is then the nearest one, so the walk is depth-first with few tasks waiting.
  void enter(const std::shared_ptr<Node>& parent, std::size_t begin, std::size_t end, int worker) {
    while (end - begin > 1) {
      const std::size_t middle = begin + (end - begin) / 2;
      pool_.spawn([this, parent, middle, end](int w) { enter(parent, middle, end, w); });
      end = middle;
    }
    enter_child(parent, parent->child(begin), worker);
    if (parent->unopened.fetch_sub(1) == 1 && parent->parent) close(*parent);
  }

  void enter_child(const std::shared_ptr<Node>& parent, const char* name, int worker) {
    if (stop_requested() != 0) return;
    const WalkMap::Node* map = parent->map ? parent->map->child(name) : nullptr;
    if (map && map->action == WalkMap::Action::kOwnRoot) return;
    if (map && map->action == WalkMap::Action::kPrune) {
      findings_.add(Pruned{join_path(path_of(*parent), name), map->why, map->notable});
      return;
    }
    if (!options_.excludes.empty()) {
      std::string path = join_path(path_of(*parent), name);
      if (is_excluded(options_.excludes, path)) {
        findings_.add(Pruned{std::move(path), "excluded", false});
        return;
      }
    }
    const bool mount = map && map->action == WalkMap::Action::kEnter;
    Result<std::unique_ptr<Directory>> opened = open_child(*parent, name, mount);
    if (!opened) {
      if (has_vanished(opened.error().code)) {
        ++counters_[slot(worker)].vanished;
        return;
      }
      Error error = system_error("open", join_path(path_of(*parent), name), opened.error().code);
      if (error.code == EXDEV) error.message = "a mount that appeared during the scan";
      findings_.add(std::move(error));
      return;
    }
    if ((*opened)->is_read_only_snapshot()) {
      findings_.add(Pruned{join_path(path_of(*parent), name), kSnapshot, true});
      return;
    }
    auto node = std::make_shared<Node>();
    node->parent = parent;
    node->name = name;
    node->map = map;
    node->mount = mount;
    node->in_git_modules = is_in_git_modules(*parent, name);
    node->directory = *std::move(opened);
    ++open_;
    visit(std::move(node), worker);
  }

  void visit(std::shared_ptr<Node> node, int worker) {
    Listing listing(*node);
    const Status listed = node->directory->list(listing);
    Counters& counters = counters_[slot(worker)];
    ++counters.directories;
    counters.entries += listing.entries;
    if (!listed) {
      if (node->parent && has_vanished(listed.error().code)) {
        ++counters.vanished;
      } else {
        findings_.add(system_error("read", path_of(*node), listed.error().code));
      }
    }
    bool descend = true;
    if (listing.bits != 0) descend = examine(*node, listing.bits);
    const std::size_t children = descend ? node->offsets.size() : 0;
    node->unopened = static_cast<std::uint32_t>(children);
    // A root stays open: paths below it are found again from there.
    if (node->parent && (children == 0 || open_ > budget_)) close(*node);
    if (children == 0) return;
    // A task of its own and no call: trees are deeper than stacks.
    pool_.spawn([this, node = std::move(node), children](int w) { enter(node, 0, children, w); });
  }

  // The second look. False where nothing below is to be entered.
  bool examine(Node& node, std::uint32_t bits) {
    if ((bits & kBitMarker) != 0 && is_dump_root(*node.directory)) {
      findings_.add(Pruned{path_of(node), "dump root", false});
      return false;
    }
    for (const Signature& signature : signatures()) {
      if ((bits & signature.required) != signature.required) continue;
      const std::optional<ProbeResult> probe =
          probe_kind(signature.kind, signature.inside, *node.directory);
      if (!probe || (!probe->detail && !probe->error && !probe->target)) continue;
      // Whatever kinds are wanted, what belongs to a repository is no place to look in.
      drop_children(node, signature.pruned);
      if (is_part_of_a_store(node, signature)) {
        node.git_store = true;
        continue;
      }
      node.git_store = signature.kind == "git" && signature.inside.empty();
      const bool is_wanted =
          options_.kinds.empty() || options_.kinds.contains(std::string(signature.kind));
      if (!is_wanted) continue;
      if (probe->target) found_pointer(signature, node, *probe->target);
      if (probe->error) {
        Error error = *probe->error;
        error.path = join_path(path_of(node), error.path);
        findings_.add(std::move(error));
      } else if (probe->detail) {
        found(signature, node, *probe->detail);
      }
    }
    return true;
  }

  // The folder .git of a repository, and the git directories of its submodules below
  // .git/modules, are copied with the repository: they are none of their own.
  static bool is_part_of_a_store(const Node& node, const Signature& signature) {
    if (signature.kind != "git" || !signature.inside.empty() || !node.parent) return false;
    return node.name == ".git" || node.in_git_modules;
  }

  // modules/ of a git directory, and that of a linked worktree: worktrees/NAME/modules/.
  static bool is_in_git_modules(const Node& parent, std::string_view name) {
    if (parent.in_git_modules) return true;
    if (name != "modules") return false;
    if (parent.git_store) return true;
    const Node* worktrees = parent.parent.get();
    return worktrees && worktrees->name == "worktrees" && worktrees->parent &&
           worktrees->parent->git_store;
  }

  void found_pointer(const Signature& signature, const Node& node, const Target& target) {
    Pointer pointer{std::string(signature.kind), path_of(node), target.path, target.why};
    if (!pointer.target.starts_with('/')) pointer.target = join_path(pointer.path, pointer.target);
    findings_.add(std::move(pointer));
  }

  void found(const Signature& signature, const Node& node, const Detail& detail) {
    Repository repository;
    repository.kind = signature.kind;
    repository.path = path_of(node);
    repository.store =
        signature.inside.empty() ? repository.path : join_path(repository.path, signature.inside);
    repository.detail = detail;
    const Result<Metadata> metadata = node.directory->metadata();
    if (!metadata) {
      findings_.add(system_error("stat", repository.path, metadata.error().code));
      return;
    }
    repository.device = metadata->device;
    repository.inode = metadata->inode;
    repository.uid = metadata->uid;
    repository.gid = metadata->gid;
    repository.mode = metadata->mode;
    findings_.add(std::move(repository));
  }

  static void drop_children(Node& node, const std::vector<std::string_view>& pruned) {
    std::erase_if(node.offsets, [&](std::uint32_t offset) {
      const std::string_view name = node.names.data() + offset;
      return std::find(pruned.begin(), pruned.end(), name) != pruned.end();
    });
  }

  static bool is_dump_root(const Directory& directory) {
    const Result<Metadata> marker = directory.stat_entry(std::string(kDumpRootMarker));
    return marker && marker->type == EntryType::kFile &&
           (marker->uid == 0 || marker->uid == geteuid());
  }

  // Relative to the parent, or, where that was closed for want of descriptors, from the root (which
  // stays open), in pieces that fit openat2's limit. No node between is asked for its descriptor:
  // another thread may be closing it.
  static Result<std::unique_ptr<Directory>> open_child(const Node& parent, const std::string& name,
                                                       bool mount) {
    if (parent.directory) return parent.directory->open_directory(name, mount);
    std::vector<const Node*> chain;
    const Node* root = &parent;
    for (; root->parent; root = root->parent.get()) chain.push_back(root);

    std::unique_ptr<Directory> reached;
    std::string piece;
    auto step = [&](bool crosses) -> Status {
      if (piece.empty()) return {};
      const Directory& from = reached ? *reached : *root->directory;
      Result<std::unique_ptr<Directory>> next = from.open_directory(piece, crosses);
      if (!next) return next.error();
      reached = *std::move(next);
      piece.clear();
      return {};
    };
    auto append = [&](const std::string& component, bool crosses) -> Status {
      if (crosses || piece.size() + component.size() + 2 > PATH_MAX) {
        if (Status done = step(false); !done) return done;
      }
      if (!piece.empty()) piece += '/';
      piece += component;
      return crosses ? step(true) : Status();
    };
    for (auto each = chain.rbegin(); each != chain.rend(); ++each) {
      if (Status done = append((*each)->name, (*each)->mount); !done) return done.error();
    }
    if (Status done = append(name, mount); !done) return done.error();
    if (Status done = step(false); !done) return done.error();
    return reached;
  }

  void close(Node& node) {
    if (!node.directory) return;
    node.directory.reset();
    --open_;
  }

  static std::size_t slot(int worker) { return static_cast<std::size_t>(worker) % kSlots; }

  static constexpr std::size_t kSlots = 1024;

  const WalkOptions& options_;
  const WalkMap& map_;
  const FileSystem& file_system_;
  TaskPool& pool_;
  const int budget_;
  std::atomic<int> open_{0};
  std::vector<Counters> counters_{kSlots};  // one a worker: no two threads share one
  Findings findings_;
};

}  // namespace

ScanResult walk(const WalkOptions& options, const WalkMap& map, const FileSystem& file_system,
                TaskPool& pool) {
  return Walk(options, map, file_system, pool).run();
}

}  // namespace repo
