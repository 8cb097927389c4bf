#include "scanner/walk_node.h"

#include <climits>
#include <utility>

namespace repo {

// The outermost call takes from the others what they would have freed. (use_count() == 1 would not
// do: it does not wait for what the other owners did before they let go.)
WalkNode::~WalkNode() {
  static thread_local std::vector<std::shared_ptr<WalkNode>>* outermost = nullptr;
  if (!parent) return;
  if (outermost != nullptr) {
    outermost->push_back(std::move(parent));
    return;
  }
  std::vector<std::shared_ptr<WalkNode>> waiting;
  waiting.push_back(std::move(parent));
  outermost = &waiting;
  while (!waiting.empty()) {
    const std::shared_ptr<WalkNode> next = std::move(waiting.back());
    waiting.pop_back();
  }
  outermost = nullptr;
}

std::string path_of(const WalkNode& node) {
  std::vector<const WalkNode*> chain;
  for (const WalkNode* each = &node; each; each = each->parent.get()) chain.push_back(each);
  std::string path = chain.back()->name;
  for (auto each = chain.rbegin() + 1; each != chain.rend(); ++each) {
    if (path.back() != '/') path += '/';
    path += (*each)->name;
  }
  return path;
}

// No node between is asked for its descriptor: another thread may be closing it.
Result<std::unique_ptr<Directory>> open_child(const WalkNode& parent, const std::string& name,
                                              bool mount) {
  if (parent.directory) return parent.directory->open_directory(name, mount);
  std::vector<const WalkNode*> chain;
  const WalkNode* root = &parent;
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

}  // namespace repo
