#include "scanner/walk_map.h"

#include <fnmatch.h>

#include <algorithm>
#include <map>
#include <optional>
#include <queue>

#include "base/bytes_path.h"
#include "scanner/layers.h"
#include "scanner/snapshots.h"

namespace repo {
namespace {

// A place from which the walk reads `folder` of `tree`: a root, or a mount that is entered.
struct View {
  std::string path;
  std::string tree;  // tree_of(mount)
  std::string folder;
};

const Mount* mount_of(const std::vector<Mount>& mounts, std::string_view path) {
  const Mount* best = nullptr;
  for (const Mount& mount : mounts) {
    if (is_within(path, mount.point) && (!best || mount.point.size() >= best->point.size())) {
      best = &mount;
    }
  }
  return best;
}

// The way to it leads through every mount above.
WalkMap::Root root_at(const std::vector<Mount>& mounts, const std::string& path) {
  const Mount* own = mount_of(mounts, path);
  WalkMap::Root root{path, own ? own->type : "", false};
  for (const Mount& mount : mounts) {
    if (!is_within(path, mount.point) || !may_hang(mount.type)) continue;
    if (!root.may_hang || &mount == own) root.fs_type = mount.type;
    root.may_hang = true;
  }
  return root;
}

std::string below(const std::string& top, std::string_view relative) {
  return relative.empty() ? top : join_path(top, relative);
}

// `path` relative to `top`, which it is within; "" for `top` itself.
std::string_view relative_to(std::string_view path, std::string_view top) {
  if (path == top) return "";
  return path.substr(top == "/" ? 1 : top.size() + 1);
}

class Planner {
 public:
  Planner(const std::vector<Mount>& mounts, const WalkMapOptions& options)
      : mounts_(mounts), options_(options) {}

  std::vector<View> views;

  void add_root(const std::string& root) {
    const Mount* mount = mount_of(mounts_, root);
    if (!mount) return;
    views.push_back({root, tree_of(*mount), below(mount->root, relative_to(root, mount->point))});
  }

  // The path at which the walk already reaches the folder that `mount` shows, if it does.
  std::optional<std::string> reached_at(const Mount& mount) const {
    for (const View& view : views) {
      if (view.tree != tree_of(mount) || !is_within(mount.root, view.folder)) continue;
      const std::string alias = below(view.path, relative_to(mount.root, view.folder));
      if (is_reached(view, alias)) return alias;
    }
    return std::nullopt;
  }

  // Whether the walk comes to all of it, as far as that is known by now.
  bool is_entered(const Mount& mount) const {
    return std::any_of(views.begin(), views.end(), [&](const View& view) {
      return view.tree == tree_of(mount) && view.folder == "/";
    });
  }

 private:
  // Nothing between the view and the alias covers or prunes it.
  bool is_reached(const View& view, const std::string& alias) const {
    for (const Mount& mount : mounts_) {
      if (mount.point != view.path && is_within(mount.point, view.path) &&
          is_within(alias, mount.point)) {
        return false;
      }
    }
    for (std::string step = alias; step != view.path;) {
      if (is_excluded(options_.excludes, step)) return false;
      const std::size_t slash = step.rfind('/');
      step.resize(slash == 0 ? 1 : slash);
    }
    return true;
  }

  const std::vector<Mount>& mounts_;
  const WalkMapOptions& options_;
};

// A mount below the roots.
struct MountBelow {
  const Mount* mount = nullptr;
  bool excluded = false;  // its point, or a step to it from the nearest mount or root above
  std::vector<std::string_view> above_of;  // the points for which it is the nearest mount above
};

}  // namespace

const WalkMap::Node* WalkMap::Node::child(std::string_view name) const {
  const auto found = children.find(name);
  return found == children.end() ? nullptr : found->second.get();
}

bool WalkMap::Node::is_sure_below() const {
  return std::all_of(children.begin(), children.end(),
                     [](const auto& child) { return child.second->is_sure(); });
}

WalkMap::WalkMap(const std::vector<Mount>& mounts, const WalkMapOptions& options) {
  Planner planner(mounts, options);
  for (const std::string& root : options.roots) {
    node_at(root).action = Action::kOwnRoot;
    planner.add_root(root);
    roots_.push_back(root_at(mounts, root));
  }

  auto is_root = [&](const std::string& path) {
    return std::find(options.roots.begin(), options.roots.end(), path) != options.roots.end();
  };
  std::map<std::string_view, MountBelow> inside;
  for (const Mount& mount : mounts) {
    const bool below_a_root =
        std::any_of(options.roots.begin(), options.roots.end(),
                    [&](const std::string& root) { return is_within(mount.point, root); });
    if (below_a_root && !is_root(mount.point)) inside[mount.point].mount = &mount;
  }
  // Which of two that show the same is entered depends on whether the walk comes to it at all, so
  // a mount is decided after the one that it lies on.
  struct Ready {
    const Mount* mount;
    bool reached;     // whether the walk comes to its mount point
    bool has_no_way;  // but not from above: an automounter is in between
  };
  auto later = [](const Ready& a, const Ready& b) {
    // What shows more comes first, so that a part of it is recognised as a part; then by path, so
    // that the same mounts always give the same map.
    if (a.mount->root.size() != b.mount->root.size()) {
      return a.mount->root.size() > b.mount->root.size();
    }
    return a.mount->point > b.mount->point;
  };
  std::priority_queue<Ready, std::vector<Ready>, decltype(later)> ready(later);
  for (auto& [point, below] : inside) {
    // Up to the nearest mount or root.
    std::string step(point);
    while (true) {
      below.excluded = below.excluded || is_excluded(options.excludes, step);
      step.resize(std::max<std::size_t>(step.rfind('/'), 1));
      if (is_root(step)) {
        ready.push({below.mount, !below.excluded, false});
        break;
      }
      if (const auto above = inside.find(step); above != inside.end()) {
        above->second.above_of.push_back(point);
        break;
      }
    }
  }

  std::vector<const Mount*> entered;
  while (!ready.empty()) {
    const auto [mount, reached, has_no_way] = ready.top();
    ready.pop();
    Node& node = node_at(mount->point);
    const FsClass fs_class = classify(mount->type);
    const bool wanted = options.fs_types.contains(mount->type) ||
                        (options.network && fs_class == FsClass::kNetwork);
    node.action = Action::kPrune;
    node.may_hang = may_hang(mount->type);
    if (options.one_file_system) {
      node.why = "another file system";
    } else if (fs_class != FsClass::kLocal && !wanted) {
      node.why = mount->type;
      node.notable = fs_class != FsClass::kPseudo;
    } else if (is_snapshot(*mount, mounts,
                           [&](const Mount& other) { return planner.is_entered(other); })) {
      node.why = kSnapshot;
      node.notable = true;
    } else if (const auto alias = planner.reached_at(*mount)) {
      node.why = "the same as " + readable(*alias);
    } else {
      node.action = Action::kEnter;
    }
    const bool is_entered = reached && node.action == Action::kEnter;
    if (is_entered) {
      planner.views.push_back({mount->point, tree_of(*mount), mount->root});
      entered.push_back(mount);
      if (may_hang(mount->type) || has_no_way) {
        node.action = Action::kOwnRoot;
        roots_.push_back(root_at(mounts, mount->point));
      }
    }
    const bool is_passed =
        reached && !is_entered && fs_class == FsClass::kAutomount && !options.one_file_system;
    for (const std::string_view point : inside.at(mount->point).above_of) {
      const MountBelow& below = inside.at(point);
      ready.push({below.mount, (is_entered || is_passed) && !below.excluded, is_passed});
    }
  }
  std::sort(roots_.begin(), roots_.end(),
            [](const Root& a, const Root& b) { return a.path < b.path; });
  prune_snapshot_folders(mounts, options.roots);
  if (!options.layers) prune_layers(entered);
}

void WalkMap::prune_layers(const std::vector<const Mount*>& entered) {
  for (const Mount* mount : entered) {
    const Node* shown = find(mount->point);
    // What another mount covers can be seen in the layer alone.
    if (!shown || !shown->children.empty()) continue;
    for (const std::string& folder : upper_folders(*mount)) {
      Node& node = node_at(folder);
      if (node.action != Action::kPlain || !node.children.empty()) continue;
      node.action = Action::kPrune;
      node.why = "a layer of " + readable(mount->point);
      node.layer = true;
      node.notable = true;  // the path is that of who mounted it: here it may be another folder
    }
  }
}

void WalkMap::prune_snapshot_folders(const std::vector<Mount>& mounts,
                                     const std::vector<std::string>& roots) {
  for (const Mount& mount : mounts) {
    const std::string folder = snapshot_folder(mount);
    const bool is_root = std::find(roots.begin(), roots.end(), folder) != roots.end();
    if (folder.empty() || is_root) continue;
    Node& node = node_at(folder);
    node.action = Action::kPrune;
    node.why = kSnapshot;
    node.notable = true;
  }
}

const WalkMap::Node* WalkMap::find(std::string_view path) const {
  const Node* node = &top_;
  for (std::size_t at = 1; node && at < path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    node = node->child(path.substr(at, end - at));
    at = end + 1;
  }
  return node;
}

WalkMap::Node& WalkMap::node_at(std::string_view path) {
  Node* node = &top_;
  for (std::size_t at = 1; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    std::unique_ptr<Node>& child = node->children[std::string(path.substr(at, end - at))];
    if (!child) child = std::make_unique<Node>();
    node = child.get();
    at = end + 1;
  }
  return *node;
}

bool is_excluded(const std::vector<std::string>& patterns, std::string_view path) {
  if (patterns.empty()) return false;
  const std::string whole(path);
  const std::string name = whole.substr(whole.rfind('/') + 1);
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    const bool on_path = pattern.find('/') != std::string::npos;
    return fnmatch(pattern.c_str(), on_path ? whole.c_str() : name.c_str(), 0) == 0;
  });
}

}  // namespace repo
