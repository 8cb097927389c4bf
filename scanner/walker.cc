#include "scanner/walker.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <memory>
#include <utility>

#include "base/bytes_path.h"
#include "base/stop_signal.h"
#include "scanner/findings.h"
#include "scanner/layers.h"
#include "scanner/pointers.h"
#include "scanner/probe.h"
#include "scanner/signature.h"
#include "scanner/snapshots.h"
#include "scanner/walk_node.h"

namespace repo {
namespace {

bool has_vanished(int code) { return code == ENOENT || code == ENOTDIR || code == ELOOP; }

// Written to by one thread, read by any.
class Counter {
 public:
  void add(std::uint64_t n = 1) {
    count_.store(count_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  std::uint64_t get() const { return count_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> count_{0};
};

struct alignas(64) Counters {
  Counter directories;  // opened
  Counter leaves;       // not opened
  Counter entries;
  Counter vanished;
};

class Walk {
 public:
  Walk(const WalkOptions& options, const WalkMap& map, const FileSystem& file_system,
       TaskPool& pool)
      : options_(options),
        map_(map),
        file_system_(file_system),
        pool_(pool),
        budget_(options.max_open_directories),
        leaf_skip_(options.leaf_skip &&
                   std::all_of(signatures().begin(), signatures().end(), needs_a_subdirectory)) {}

  ScanResult run() {
    pool_.run([this](int) {
      for (const std::string& root : options_.roots) {
        pool_.spawn([this, root](int worker) { enter_root(root, worker); });
      }
    });
    ScanResult result = findings_.take();
    for (const Counters& each : counters_) {
      result.stats.directories += each.directories.get() + each.leaves.get();
      result.stats.directories_read += each.directories.get();
      result.stats.leaf_skipped += each.leaves.get();
      result.stats.entries += each.entries.get();
      result.stats.vanished += each.vanished.get();
    }
    result.complete = result.errors.empty() && stop_requested() == 0;
    return result;
  }

 private:
  // Collects what the walk wants to know of one directory's entries.
  class Listing final : public EntrySink {
   public:
    Listing(Walk& walk, WalkNode& node) : walk_(walk), node_(node) {}
    void on_entry(std::string_view name, EntryType type) override {
      constexpr std::uint64_t kNowAndThen = 4096;
      if (++entries % kNowAndThen == 0) walk_.show(node_);
      bits |= name_bit(name, type);
      if (type == EntryType::kUnknown) type = ask(name);
      if (type != EntryType::kDirectory) return;
      node_.add_child(name);
    }
    std::uint64_t entries = 0;
    NameBits bits = 0;

   private:
    EntryType ask(std::string_view name) const {
      walk_.show(node_);
      const Result<Metadata> metadata = node_.directory->stat_entry(std::string(name));
      // Whatever cannot be looked at is tried as a directory: the attempt tells what it is.
      return metadata ? metadata->type : EntryType::kDirectory;
    }
    Walk& walk_;
    WalkNode& node_;
  };

  void show(const WalkNode& node) {
    if (!options_.watcher || !options_.watcher->is_due()) return;
    std::uint64_t directories = 0;
    for (const Counters& each : counters_)
      directories += each.directories.get() + each.leaves.get();
    options_.watcher->see(directories, findings_.repositories(), path_of(node));
  }

  void enter_root(const std::string& root, int worker) {
    Result<std::unique_ptr<Directory>> opened = file_system_.open_root(root);
    if (!opened) {
      findings_.add(system_error("open", root, opened.error().code));
      return;
    }
    auto node = std::make_shared<WalkNode>();
    node->name = root;
    node->map = map_.find(root);
    node->directory = *std::move(opened);
    ++open_;
    visit(std::move(node), worker);
  }

  // Splits the range in halves for other threads and enters what is left: the thread's own next
  // task is then the nearest one, so the walk is depth-first with few tasks waiting.
  void enter(const std::shared_ptr<WalkNode>& parent, std::size_t begin, std::size_t end,
             int worker) {
    while (end - begin > 1) {
      const std::size_t middle = begin + (end - begin) / 2;
      pool_.spawn([this, parent, middle, end](int w) { enter(parent, middle, end, w); });
      end = middle;
    }
    enter_child(parent, parent->child(begin), worker);
    if (parent->unopened.fetch_sub(1) == 1 && parent->parent) close(*parent);
  }

  void enter_child(const std::shared_ptr<WalkNode>& parent, const char* name, int worker) {
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
    // Where the parent is closed by now, it is asked after the way to it was found again.
    if (leaf_skip_ && !map && parent->directory && parent->directory->is_leaf(name)) {
      counters_[slot(worker)].leaves.add();
      return;
    }
    Result<std::unique_ptr<Directory>> opened = open_child(*parent, name, mount);
    if (!opened) {
      if (has_vanished(opened.error().code)) {
        counters_[slot(worker)].vanished.add();
        return;
      }
      Error error = system_error("open", join_path(path_of(*parent), name), opened.error().code);
      if (error.code == EXDEV) error.message = "a mount that appeared during the scan";
      findings_.add(std::move(error));
      return;
    }
    if (leaf_skip_ && !map && !parent->directory && (*opened)->is_leaf(".")) {
      counters_[slot(worker)].leaves.add();
      return;
    }
    bool only_mounts = parent->only_mounts;
    if (const Engine* engine = engine_of(*parent, name, **opened)) {
      findings_.add(Pruned{join_path(path_of(*parent), name),
                           "layers of containers, " + std::string(engine->name), true});
      if (!map) return;
      only_mounts = true;
    }
    if ((*opened)->is_read_only_snapshot()) {
      findings_.add(Pruned{join_path(path_of(*parent), name), kSnapshot, true});
      return;
    }
    auto node = std::make_shared<WalkNode>();
    node->parent = parent;
    node->name = name;
    node->map = map;
    node->mount = mount;
    node->in_git_modules = is_in_git_modules(*parent, name);
    node->only_mounts = only_mounts && !mount;
    node->directory = *std::move(opened);
    ++open_;
    visit(std::move(node), worker);
  }

  void visit(std::shared_ptr<WalkNode> node, int worker) {
    show(*node);
    Listing listing(*this, *node);
    const Status listed = node->only_mounts ? list_mounts(*node) : node->directory->list(listing);
    Counters& counters = counters_[slot(worker)];
    counters.directories.add();
    counters.entries.add(listing.entries);
    if (!listed) {
      if (node->parent && has_vanished(listed.error().code)) {
        counters.vanished.add();
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
  bool examine(WalkNode& node, NameBits bits) {
    if ((bits & kBitMarker) != 0 && is_dump_root(*node.directory)) {
      findings_.add(Pruned{path_of(node), "dump root", !node.parent});
      return false;
    }
    for (const Signature& signature : signatures()) {
      if ((bits & signature.required) != signature.required) continue;
      if (is_probed_dot_git(node, signature)) {
        drop_children(node, signature.pruned);
        node.git_store = true;
        continue;
      }
      const std::optional<ProbeResult> probe = look(node, signature);
      if (!probe || !probe->is_one()) continue;
      node.has_dot_git |= signature.inside == ".git" && (probe->detail || probe->error);
      // Whatever kinds are wanted, what belongs to a repository is no place to look in.
      drop_children(node, signature.pruned);
      if (is_part_of_a_store(node, signature)) {
        node.git_store = true;
        continue;
      }
      node.git_store = node.git_store || (signature.kind == "git" && signature.inside.empty());
      if (probe->aside) {
        findings_.add(
            Pruned{path_of(node), probe->aside->why, probe->aside->notable || !node.parent});
        continue;
      }
      const bool is_wanted = options_.kinds.empty() || options_.kinds.contains(signature.kind);
      if (!is_wanted) continue;
      if (probe->target) found_pointer(signature, node, *probe->target);
      if (probe->error) {
        Error error = *probe->error;
        error.path = join_path(path_of(node), error.path);
        if (error.code == EXDEV) error.message += ": a mount that a probe does not go into";
        findings_.add(std::move(error));
      } else if (probe->detail) {
        found(signature, node, *probe->detail);
      }
    }
    return true;
  }

  // Whether there are mounts in what a probe looks at, and none of them may hang. (One that is
  // pruned, since the walk comes to the same elsewhere, is as much a part of the repository.)
  static bool goes_into_mounts(const WalkMap::Node* map, const Signature& signature) {
    if (map == nullptr || map->children.empty()) return false;
    if (signature.inside.empty()) return map->is_sure_below();
    const WalkMap::Node* part = map->child(signature.inside);
    return part != nullptr && part->is_sure();
  }

  static std::optional<ProbeResult> look(const WalkNode& node, const Signature& signature) {
    if (goes_into_mounts(node.map, signature)) {
      if (const auto crossing = node.directory->open_directory(".", false)) {
        (*crossing)->cross_mounts();
        return probe_kind(signature.kind, signature.inside, **crossing);
      }
    }
    return probe_kind(signature.kind, signature.inside, *node.directory);
  }

  // Half of what a git repository costs would be a second look at the same files.
  static bool is_probed_dot_git(const WalkNode& node, const Signature& signature) {
    return signature.kind == "git" && signature.inside.empty() && node.parent &&
           node.parent->has_dot_git && node.name == ".git";
  }

  // The folder .git of a repository, and the git directories of its submodules below
  // .git/modules, are copied with the repository: they are none of their own.
  static bool is_part_of_a_store(const WalkNode& node, const Signature& signature) {
    if (signature.kind != "git" || !signature.inside.empty() || !node.parent) return false;
    return node.name == ".git" || node.in_git_modules;
  }

  // modules/ of a git directory, and that of a linked worktree: worktrees/NAME/modules/.
  static bool is_in_git_modules(const WalkNode& parent, std::string_view name) {
    if (parent.in_git_modules) return true;
    if (name != "modules") return false;
    if (parent.git_store) return true;
    const WalkNode* worktrees = parent.parent.get();
    return worktrees && worktrees->name == "worktrees" && worktrees->parent &&
           worktrees->parent->git_store;
  }

  // Whose layers are in the subdirectory of that name; null: nobody's, or they are wanted.
  const Engine* engine_of(const WalkNode& parent, std::string_view name,
                          const Directory& directory) const {
    if (options_.layers) return nullptr;
    const Engine* engine = layers_of(name, [&](std::string_view sibling) {
      return std::any_of(parent.offsets.begin(), parent.offsets.end(), [&](std::uint32_t offset) {
        return parent.names.data() + offset == sibling;
      });
    });
    if (engine == nullptr) return nullptr;
    const Result<Metadata> inside = directory.stat_entry(std::string(engine->inside));
    return inside && inside->type == EntryType::kDirectory ? engine : nullptr;
  }

  // Of its subdirectories those that lead to mounts; of its pruned ones those to be told of.
  static Status list_mounts(WalkNode& node) {
    for (const auto& [name, child] : node.map->children) {
      const bool is_told = child->notable && !child->layer;
      if (child->action != WalkMap::Action::kPrune || is_told) node.add_child(name);
    }
    return {};
  }

  void found_pointer(const Signature& signature, const WalkNode& node, const Target& target) {
    Pointer pointer{std::string(signature.kind), path_of(node), "", target.why};
    pointer.target = canonical_by_text(pointer.path, target.path);
    findings_.add(std::move(pointer));
  }

  void found(const Signature& signature, const WalkNode& node, const Detail& detail) {
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
    repository.born = metadata->born;
    findings_.add(std::move(repository));
  }

  static void drop_children(WalkNode& node, const std::vector<std::string>& pruned) {
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

  void close(WalkNode& node) {
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
  const bool leaf_skip_;
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
