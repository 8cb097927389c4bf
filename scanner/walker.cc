#include "scanner/walker.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <memory>
#include <utility>

#include "base/bytes_path.h"
#include "base/stop_signal.h"
#include "scanner/examine.h"
#include "scanner/findings.h"
#include "scanner/layers.h"
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
                   std::all_of(signatures().begin(), signatures().end(), needs_a_subdirectory)),
        examiner_(options.known, options.kinds, findings_) {}

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
      walk_.options_.known.notice(node_.scope, name, type, noticed);
      if (type == EntryType::kUnknown) type = ask(name);
      if (type != EntryType::kDirectory) return;
      node_.add_child(name);
    }
    std::uint64_t entries = 0;
    Noticed noticed;

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
    node->scope = options_.known.scope_at(root);
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
    const KindScope scope = options_.known.scope_below(parent->scope, name);
    const bool skips_leaves = leaf_skip_ && !map && !options_.known.has_leaves(scope);
    // Where the parent is closed by now, it is asked after the way to it was found again.
    if (skips_leaves && parent->directory && parent->directory->is_leaf(name)) {
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
    if (skips_leaves && !parent->directory && (*opened)->is_leaf(".")) {
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
    node->scope = scope;
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
    if (!listing.noticed.is_nothing()) descend = examiner_.examine(*node, listing.noticed);
    const std::size_t children = descend ? node->offsets.size() : 0;
    node->unopened = static_cast<std::uint32_t>(children);
    // A root stays open: paths below it are found again from there.
    if (node->parent && (children == 0 || open_ > budget_)) close(*node);
    if (children == 0) return;
    // A task of its own and no call: trees are deeper than stacks.
    pool_.spawn([this, node = std::move(node), children](int w) { enter(node, 0, children, w); });
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
  const Examiner examiner_;
};

}  // namespace

ScanResult walk(const WalkOptions& options, const WalkMap& map, const FileSystem& file_system,
                TaskPool& pool) {
  return Walk(options, map, file_system, pool).run();
}

}  // namespace repo
