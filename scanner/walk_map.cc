#include "scanner/walk_map.h"

#include <fnmatch.h>

#include <algorithm>
#include <optional>

#include "base/bytes_path.h"

namespace repo {
namespace {

// A place from which the walk reads `folder` of `device`: a root, or a mount that is entered.
struct View {
  std::string path;
  std::string device;
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
    views.push_back({root, mount->device, below(mount->root, relative_to(root, mount->point))});
  }

  // The path at which the walk already reaches the folder that `mount` shows, if it does.
  std::optional<std::string> reached_at(const Mount& mount) const {
    for (const View& view : views) {
      if (view.device != mount.device || !is_within(mount.root, view.folder)) continue;
      const std::string alias = below(view.path, relative_to(mount.root, view.folder));
      if (is_reached(view, alias)) return alias;
    }
    return std::nullopt;
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

}  // namespace

const WalkMap::Node* WalkMap::Node::child(std::string_view name) const {
  const auto found = children.find(name);
  return found == children.end() ? nullptr : found->second.get();
}

WalkMap::WalkMap(const std::vector<Mount>& mounts, const WalkMapOptions& options) {
  Planner planner(mounts, options);
  for (const std::string& root : options.roots) {
    node_at(root).action = Action::kOwnRoot;
    planner.add_root(root);
  }

  auto is_root = [&](const std::string& path) {
    return std::find(options.roots.begin(), options.roots.end(), path) != options.roots.end();
  };
  std::vector<const Mount*> inside;
  for (const Mount& mount : mounts) {
    const bool below_a_root =
        std::any_of(options.roots.begin(), options.roots.end(),
                    [&](const std::string& root) { return is_within(mount.point, root); });
    if (below_a_root && !is_root(mount.point)) inside.push_back(&mount);
  }
  // What shows more comes first, so that a part of it is recognised as a part; then by path, so
  // that the same mounts always give the same map.
  std::sort(inside.begin(), inside.end(), [](const Mount* a, const Mount* b) {
    if (a->root.size() != b->root.size()) return a->root.size() < b->root.size();
    return a->point < b->point;
  });

  for (const Mount* mount : inside) {
    Node& node = node_at(mount->point);
    const FsClass fs_class = classify(mount->type);
    const bool wanted = options.fs_types.contains(mount->type) ||
                        (options.network && fs_class == FsClass::kNetwork);
    node.action = Action::kPrune;
    if (options.one_file_system) {
      node.why = "another file system";
    } else if (fs_class != FsClass::kLocal && !wanted) {
      node.why = mount->type;
      node.notable = fs_class != FsClass::kPseudo;
    } else if (const auto alias = planner.reached_at(*mount)) {
      node.why = "the same as " + readable(*alias);
    } else {
      node.action = Action::kEnter;
      planner.views.push_back({mount->point, mount->device, mount->root});
    }
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
